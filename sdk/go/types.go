package sandgate

// Reply is a whole answer made by a plugin. The host writes content-length.
type Reply struct {
	Status uint16
	Fields []Field
	Body   []byte
}

// Field is a field of a head: its lower-case name and its value.
type Field struct {
	Name  string
	Value []byte
}

// NewReply is an answer with a status and a body.
func NewReply(status uint16, body string) *Reply {
	return &Reply{Status: status, Body: []byte(body)}
}

// With adds a field.
func (r *Reply) With(name, value string) *Reply {
	r.Fields = append(r.Fields, Field{Name: name, Value: []byte(value)})
	return r
}

// BodyVerdict is what becomes of a body.
type BodyVerdict struct {
	body  []byte
	reply *Reply
	kind  kind
}

// Decision is where a request goes.
type Decision struct {
	route string
	reply *Reply
}

// Detour is where a request goes that its upstream could not answer.
type Detour struct {
	upstream, route string
	reply           *Reply
}

type kind uint8

const (
	keep kind = iota
	replace
	answer
)

// Keep goes on with the body as it is.
func Keep() BodyVerdict { return BodyVerdict{} }

// Replace goes on with this body.
func Replace(body []byte) BodyVerdict { return BodyVerdict{kind: replace, body: body} }

// Answer answers with this now.
func Answer(reply *Reply) BodyVerdict { return BodyVerdict{kind: answer, reply: reply} }

// Replaced is the body that a verdict puts in the place of the other; for tests.
func (v BodyVerdict) Replaced() ([]byte, bool) { return v.body, v.kind == replace }

// Reply is what a verdict answers with, or nil; for tests.
func (v BodyVerdict) Reply() *Reply { return v.reply }

// Table leaves the request to the route table.
func Table() Decision { return Decision{} }

// ToRoute is the route of that name.
func ToRoute(name string) Decision { return Decision{route: name} }

// DecideReply answers with this now.
func DecideReply(reply *Reply) Decision { return Decision{reply: reply} }

// Fallback lets the route's fallback answer.
func Fallback() Detour { return Detour{} }

// DetourToUpstream is the upstream of that name.
func DetourToUpstream(name string) Detour { return Detour{upstream: name} }

// DetourToRoute is the upstream of the route of that name.
func DetourToRoute(name string) Detour { return Detour{route: name} }

// DetourReply answers with this now.
func DetourReply(reply *Reply) Detour { return Detour{reply: reply} }

// Outcome is what became of an exchange. Status is 0 when the client got none; Fault and Endpoint may be empty.
type Outcome struct {
	Status               uint16
	Fault                string
	DurationUs, BodySize uint64
	Endpoint             string
}

// UpstreamFailure is what has come of a request so far.
type UpstreamFailure struct {
	Upstream, Fault string
	Attempts        uint32
	Repeatable      bool
}

// Endpoint is a place a request can go.
type Endpoint struct {
	Address string
	Weight  uint32
}

// Candidates is what a picker may choose from. All lists but the first two have a number for every endpoint.
type Candidates struct {
	Usable, Tried, Active []uint32
	Weight, LatencyUs     []float64
}

// Attempts says how attempts ended, each at one index of all lists. A status of 0 is no answer.
type Attempts struct {
	Endpoint  []uint32
	Status    []uint16
	LatencyUs []float64
}

// Loads is what the host knows of an upstream's endpoints: a number for each in each list.
type Loads struct {
	Active    []uint32
	LatencyUs []float64
	Failures  []uint64
}

// Description is what the plugin says of itself.
type Description struct {
	Name, Version, Summary string
	Metrics                []Metric
	// SettingsSchema is a JSON Schema that the host holds the settings to; empty for none.
	SettingsSchema string
}

// Metric is a metric that the plugin counts, with all values that its labels can have. Only a histogram has Buckets.
type Metric struct {
	Name, Help string
	Kind       MetricKind
	Labels     []Label
	Buckets    []float64
}

// Label is a label of a metric.
type Label struct {
	Name   string
	Values []string
}

// MetricKind is what kind of number a metric is.
type MetricKind uint8

// The kinds of metrics.
const (
	Counter MetricKind = iota
	Gauge
	Histogram
)
