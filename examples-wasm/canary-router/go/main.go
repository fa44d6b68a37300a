// A router: a part of the clients gets the route "canary", the others what the route table says.
//
// Who sends `x-canary: 1` gets it for certain. Of all others the settings name a share, and a client's identifier decides: the
// same client always gets the same answer. What the canary can't answer, the route "back" does.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"

	"sandgate/sdk"
	"sandgate/sdk/exchange"
)

const (
	// The header that asks for the canary.
	askedBy = "x-canary"
	// The route it gets.
	route = "canary"
)

type canary struct {
	// Of a hundred clients, how many get the canary.
	Percent int `json:"percent"`
	// The header, or else the cookie, that tells clients apart.
	Client string `json:"client"`
	// The route whose upstream answers where the canary's can't; none if it is empty.
	Back string `json:"back"`
}

func (*canary) Describe() sandgate.Description {
	return sandgate.Description{Name: "canary-router", Version: "0.1.0", Summary: "Sends a part of the clients to the route canary."}
}

func (c *canary) Configure(settings []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(settings))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(c); err != nil {
		return err
	}
	if c.Percent < 0 || c.Percent > 100 {
		return fmt.Errorf("percent is %d: it must be 0 to 100", c.Percent)
	}
	return nil
}

func (c *canary) Route(request *sandgate.Request) (sandgate.Decision, error) {
	reason := c.reason(request)
	if reason == "" {
		return sandgate.Table(), nil
	}
	exchange.Note("canary", reason)
	return sandgate.ToRoute(route), nil
}

func (c *canary) Reroute(sandgate.UpstreamFailure) (sandgate.Detour, error) {
	if name, _ := exchange.Route(); name != route || c.Back == "" {
		return sandgate.Fallback(), nil
	}
	exchange.Note("canary", "back")
	return sandgate.DetourToRoute(c.Back), nil
}

// Why the request gets the canary, if it does.
func (c *canary) reason(request *sandgate.Request) string {
	if request.Header(askedBy) == "1" {
		return "asked"
	}
	if c.Percent == 0 {
		return ""
	}
	client, found := request.LookupHeader(c.Client)
	if !found {
		client, found = cookie(request.Header("cookie"), c.Client)
	}
	if found && bucket(client) < c.Percent {
		return "share"
	}
	return ""
}

// The value of a cookie (RFC 6265 section 4.2.1).
func cookie(header, name string) (string, bool) {
	for _, pair := range strings.Split(header, ";") {
		if key, value, found := strings.Cut(strings.TrimSpace(pair), "="); found && key == name {
			return value, true
		}
	}
	return "", false
}

// A number from 0 to 99, always the same for the same client and evenly spread over all.
func bucket(client string) int {
	hash := fnv.New64a()
	hash.Write([]byte(client))
	// The bits are mixed so that the low ones depend on all.
	sum := hash.Sum64()
	return int(((sum ^ (sum >> 32)) * 0x9e3779b97f4a7c15 >> 32) % 100)
}

func init() { sandgate.Handle(&canary{Client: "x-client-id"}) }

func main() {}
