// A filter that lets a request pass if a claim of its token (RFC 7519) has one of the right values.
//
// It reads tokens and verifies no signature: it is for tokens that somebody before it has verified, or for denying early what
// the upstream would deny as well.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sandgate/sdk"
	"sandgate/sdk/clock"
)

// Where the upstream is told the token's subject.
const subject = "x-subject"

type denyByClaim struct {
	// The claim that is looked at: a text, or a list of which one is enough.
	Claim string `json:"claim"`
	// The values that may pass.
	Allow []string `json:"allow"`
}

func (*denyByClaim) Describe() sandgate.Description {
	return sandgate.Description{Name: "deny-by-claim", Version: "0.1.0", Summary: "Denies requests whose token does not have the right claim."}
}

func (d *denyByClaim) Configure(settings []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(settings))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(d); err != nil {
		return err
	}
	if d.Claim == "" {
		return errors.New("missing field `claim`")
	}
	if len(d.Allow) == 0 {
		return errors.New("allow must name at least one value")
	}
	return nil
}

func (d *denyByClaim) OnRequest(request *sandgate.Request) (*sandgate.Reply, error) {
	token, found := bearer(request.Header("authorization"))
	if !found {
		return refused(401, "a bearer token is needed\n", "Bearer"), nil
	}
	claims, found := read(token)
	if !found {
		return unreadable("the token can't be read\n"), nil
	}
	if end, is := claims["exp"].(float64); is && end*1000 <= float64(clock.Wall()) {
		return unreadable("the token has expired\n"), nil
	}
	if !d.allows(claims[d.Claim]) {
		return refused(403, fmt.Sprintf("%s must be one of %s\n", d.Claim, strings.Join(d.Allow, ", ")), ""), nil
	}
	if name, is := claims["sub"].(string); is {
		return nil, request.SetHeader(subject, name)
	}
	return nil, request.RemoveHeader(subject)
}

func (d *denyByClaim) allows(claim any) bool {
	values, is := claim.([]any)
	if !is {
		values = []any{claim}
	}
	return slices.ContainsFunc(values, func(value any) bool {
		text, is := value.(string)
		return is && slices.Contains(d.Allow, text)
	})
}

// The token of an Authorization field (RFC 6750 section 2.1).
func bearer(authorization string) (string, bool) {
	scheme, token, found := strings.Cut(authorization, " ")
	return strings.TrimSpace(token), found && strings.EqualFold(scheme, "bearer")
}

// The claims of a token (RFC 7515 section 3.1), if they are an object.
func read(token string) (map[string]any, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, false
	}
	var claims map[string]any
	err = json.Unmarshal(payload, &claims)
	return claims, err == nil && claims != nil
}

func unreadable(body string) *sandgate.Reply {
	return refused(401, body, `Bearer error="invalid_token"`)
}

// What a client is told (RFC 6750 section 3).
func refused(status uint16, body, challenge string) *sandgate.Reply {
	reply := sandgate.NewReply(status, body).With("content-type", "text/plain")
	if challenge != "" {
		reply.With("www-authenticate", challenge)
	}
	return reply
}

func init() { sandgate.Handle(&denyByClaim{}) }

func main() {}
