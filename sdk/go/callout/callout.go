// Package callout sends HTTP requests to upstreams of the configuration. Granted by `grants: { callout: [NAME] }`.
package callout

import "sandgate/sdk/internal/host"

// Error says why there is no answer: not-granted, too-many, invalid, too-large, timeout, failed, other.
type Error struct{ Code string }

func (e Error) Error() string { return "no answer: " + e.Code }

// Question is what is sent. Authority may be empty, TimeoutMs 0.
type Question = host.Question

// Answer is what comes back, whatever its status.
type Answer = host.Answer

// Field is a field of a head.
type Field = host.Field

// Call sends a question, and waits for the whole answer.
func Call(question Question) (Answer, error) {
	answer, code := host.CalloutCall(question)
	if code != "" {
		return Answer{}, Error{Code: code}
	}
	return answer, nil
}
