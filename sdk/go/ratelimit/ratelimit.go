// Package ratelimit has a bucket of tokens for each key. Granted by `grants: { rate_limit: { keys: 10000 } }`.
package ratelimit

import "sandgate/sdk/internal/host"

// Error says why there is no answer: invalid-key, invalid-bucket, other.
type Error struct{ Code string }

func (e Error) Error() string { return "no answer from the rate limit: " + e.Code }

// Bucket holds Burst tokens; Refill come back in each period.
type Bucket struct {
	Burst, Refill uint32
	PeriodMs      uint64
}

// Answer is what became of a wish for tokens.
type Answer = host.RateAnswer

// Take takes tokens out of a key's bucket, all or none.
func Take(key string, cost uint32, bucket Bucket) (Answer, error) {
	answer, code := host.RateLimitTake(key, cost, bucket.Burst, bucket.Refill, bucket.PeriodMs)
	if code != "" {
		return Answer{}, Error{Code: code}
	}
	return answer, nil
}
