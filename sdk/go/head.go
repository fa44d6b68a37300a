package sandgate

import "strings"

// HeaderError says why a head was not changed.
type HeaderError struct {
	// Code is the error's name in the contract: invalid-name, invalid-value, forbidden, too-many, other.
	Code string
}

func (e HeaderError) Error() string { return "the header was not changed: " + e.Code }

// head is what heads of requests and responses have in common; an error is a name of the contract's, or empty.
type head interface {
	Header(name string) ([]byte, bool)
	Fields() []Field
	SetHeader(name string, value []byte) string
	AppendHeader(name string, value []byte) string
	RemoveHeader(name string) string
}

// RequestHandle is a request as the host lends it; plugins get a [Request].
type RequestHandle interface {
	head
	Method() string
	Path() string
	SetPath(path string) string
	Authority() string
	SetAuthority(authority string) string
}

// ResponseHandle is a response as the host lends it; plugins get a [Response].
type ResponseHandle interface {
	head
	Status() uint16
	SetStatus(status uint16) string
}

type fields struct{ head head }

// Request is the head of the request, as the upstream will get it. It is void when the hook is over.
type Request struct {
	fields
	handle RequestHandle
}

// Response is the head of the response, as the client will get it. It is void when the hook is over.
type Response struct {
	fields
	handle ResponseHandle
}

// NewRequest is for package sandgatetest.
func NewRequest(handle RequestHandle) *Request { return &Request{fields{handle}, handle} }

// NewResponse is for package sandgatetest.
func NewResponse(handle ResponseHandle) *Response { return &Response{fields{handle}, handle} }

// Header is the first value of a field, whatever its name's case; empty if there is none.
func (f fields) Header(name string) string {
	value, _ := f.head.Header(name)
	return string(value)
}

// LookupHeader is the first value of a field, and whether there is one.
func (f fields) LookupHeader(name string) (string, bool) {
	value, found := f.head.Header(name)
	return string(value), found
}

// Fields are all fields in one call, their names in lower case.
func (f fields) Fields() []Field { return f.head.Fields() }

// SetHeader sets a field: all values it had are replaced.
func (f fields) SetHeader(name, value string) error {
	return failed(f.head.SetHeader(name, []byte(value)))
}

// AppendHeader adds a value to a field and keeps those it has.
func (f fields) AppendHeader(name, value string) error {
	return failed(f.head.AppendHeader(name, []byte(value)))
}

// RemoveHeader removes all values of a field. Removing what is not there succeeds.
func (f fields) RemoveHeader(name string) error { return failed(f.head.RemoveHeader(name)) }

// Method is the method, as GET.
func (r *Request) Method() string { return r.handle.Method() }

// Path is path and query as they came.
func (r *Request) Path() string { return r.handle.Path() }

// SetPath replaces path and query. The route does not change, but in Route.
func (r *Request) SetPath(path string) error { return failed(r.handle.SetPath(path)) }

// Authority is host and port the client asked for.
func (r *Request) Authority() string { return r.handle.Authority() }

// SetAuthority replaces what the upstream is told in Host.
func (r *Request) SetAuthority(authority string) error {
	return failed(r.handle.SetAuthority(authority))
}

// Status is the status code, 200 to 599.
func (r *Response) Status() uint16 { return r.handle.Status() }

// SetStatus replaces the status code. A change to or from 204 or 304 is refused.
func (r *Response) SetStatus(status uint16) error { return failed(r.handle.SetStatus(status)) }

func failed(code string) error {
	if code == "" {
		return nil
	}
	return HeaderError{Code: code}
}

func lowered(fields []Field) []Field {
	for at := range fields {
		fields[at].Name = strings.ToLower(fields[at].Name)
	}
	return fields
}
