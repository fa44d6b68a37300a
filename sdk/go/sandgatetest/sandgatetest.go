// Package sandgatetest is a host for tests, outside of WebAssembly: heads that are built, facts that are set, and what was
// logged, noted and counted.
package sandgatetest

import (
	"regexp"
	"strings"

	"sandgate/sdk"
	"sandgate/sdk/internal/mock"
)

// State is what the host of tests knows; facts by their names in the contract: "route".
type State = mock.State

// Reset forgets all that was set and seen, and gives what there is to set.
func Reset() *State {
	mock.Now = mock.New()
	return mock.Now
}

// Request is a request with fields: names and values by turns.
func Request(method, path string, fields ...string) *sandgate.Request {
	return sandgate.NewRequest(&request{handle: of(fields), method: method, path: path, authority: "test.example"})
}

// Response is a response with fields: names and values by turns.
func Response(status uint16, fields ...string) *sandgate.Response {
	return sandgate.NewResponse(&response{handle: of(fields), status: status})
}

type handle struct{ fields []sandgate.Field }

type request struct {
	handle
	method, path, authority string
}

type response struct {
	handle
	status uint16
}

func of(pairs []string) handle {
	var all handle
	for at := 0; at+1 < len(pairs); at += 2 {
		all.fields = append(all.fields, sandgate.Field{Name: strings.ToLower(pairs[at]), Value: []byte(pairs[at+1])})
	}
	return all
}

func (h *handle) Header(name string) ([]byte, bool) {
	for _, field := range h.fields {
		if field.Name == strings.ToLower(name) {
			return field.Value, true
		}
	}
	return nil, false
}

func (h *handle) Fields() []sandgate.Field { return append([]sandgate.Field(nil), h.fields...) }

func (h *handle) SetHeader(name string, value []byte) string {
	code := check(name, value)
	if code == "" {
		h.drop(name)
		h.fields = append(h.fields, sandgate.Field{Name: strings.ToLower(name), Value: value})
	}
	return code
}

func (h *handle) AppendHeader(name string, value []byte) string {
	code := check(name, value)
	if code == "" && len(h.fields) >= 128 {
		code = "too-many"
	}
	if code == "" {
		h.fields = append(h.fields, sandgate.Field{Name: strings.ToLower(name), Value: value})
	}
	return code
}

func (h *handle) RemoveHeader(name string) string {
	code := check(name, nil)
	if code == "" {
		h.drop(name)
	}
	return code
}

func (h *handle) drop(name string) {
	var kept []sandgate.Field
	for _, field := range h.fields {
		if field.Name != strings.ToLower(name) {
			kept = append(kept, field)
		}
	}
	h.fields = kept
}

func (r *request) Method() string    { return r.method }
func (r *request) Path() string      { return r.path }
func (r *request) Authority() string { return r.authority }

func (r *request) SetPath(path string) string {
	if !strings.HasPrefix(path, "/") {
		return "invalid-value"
	}
	r.path = path
	return ""
}

func (r *request) SetAuthority(authority string) string {
	if authority == "" || strings.Contains(authority, "/") {
		return "invalid-value"
	}
	r.authority = authority
	return ""
}

func (r *response) Status() uint16 { return r.status }

func (r *response) SetStatus(status uint16) string {
	bodiless := func(status uint16) bool { return status == 204 || status == 304 }
	if status < 200 || status > 599 || bodiless(status) != bodiless(r.status) {
		return "invalid-value"
	}
	r.status = status
	return ""
}

var (
	token    = regexp.MustCompile("^[!#$%&'*+\\-.^_`|~0-9A-Za-z]{1,256}$")
	reserved = regexp.MustCompile("^(?i:connection|content-length|host|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$")
	control  = regexp.MustCompile("[\\x00-\\x08\\x0a-\\x1f\\x7f]")
)

func check(name string, value []byte) string {
	switch {
	case !token.MatchString(name):
		return "invalid-name"
	case reserved.MatchString(name):
		return "forbidden"
	case len(value) > 16384 || control.Match(value):
		return "invalid-value"
	}
	return ""
}
