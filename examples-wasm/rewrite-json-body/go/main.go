// A filter for JSON bodies: it sets fields in those of requests, and takes fields out of those of responses.
//
// What is no JSON passes as it is, but for requests that say they are: those are refused.
package main

import (
	"bytes"
	"encoding/json"
	"strings"

	"sandgate/sdk"
	"sandgate/sdk/log"
)

type rewriteJSON struct {
	// What the upstream gets in each object that a client sends, whatever the client has written there.
	Set object `json:"set"`
	// Names of fields that clients are not shown, wherever they are.
	Hide []string `json:"hide"`
}

func (*rewriteJSON) Describe() sandgate.Description {
	return sandgate.Description{
		Name: "rewrite-json-body", Version: "0.1.0", Summary: "Takes fields out of JSON bodies, and stamps those that are sent on.",
	}
}

func (r *rewriteJSON) Configure(settings []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(settings))
	decoder.DisallowUnknownFields()
	return decoder.Decode(r)
}

// A coded answer could not be read: the upstream is not told that the client would take one.
func (*rewriteJSON) OnRequest(request *sandgate.Request) (*sandgate.Reply, error) {
	return nil, request.RemoveHeader("accept-encoding")
}

func (r *rewriteJSON) OnRequestBody(request *sandgate.Request, body []byte) (sandgate.BodyVerdict, error) {
	if len(r.Set) == 0 || !isJSON(request) {
		return sandgate.Keep(), nil
	}
	value, err := parse(body)
	fields, is := value.(object)
	if err != nil || !is {
		return sandgate.Answer(sandgate.NewReply(400, "expected a JSON object\n")), nil
	}
	for _, field := range r.Set {
		fields = fields.with(field)
	}
	return sandgate.Replace(write(fields)), nil
}

func (r *rewriteJSON) OnResponseBody(response *sandgate.Response, body []byte) (sandgate.BodyVerdict, error) {
	if !isJSON(response) {
		return sandgate.Keep(), nil
	}
	value, err := parse(body)
	if err != nil {
		log.Warn("a response that says it is JSON is none")
		return sandgate.Keep(), nil
	}
	value, count := hide(value, r.Hide)
	if count == 0 {
		return sandgate.Keep(), nil
	}
	return sandgate.Replace(write(value)), nil
}

// Whether a message with this head has JSON for a body, and that uncoded.
func isJSON(head interface{ Header(string) string }) bool {
	coding := head.Header("content-encoding")
	if coding != "" && !strings.EqualFold(coding, "identity") {
		return false
	}
	kind, _, _ := strings.Cut(strings.ToLower(head.Header("content-type")), ";")
	kind = strings.TrimSpace(kind)
	return kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json")
}

func init() { sandgate.Handle(&rewriteJSON{}) }

func main() {}
