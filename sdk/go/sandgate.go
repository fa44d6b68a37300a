// Package sandgate is for writing Sandgate plugins in Go.
//
// A plugin is a value whose methods are hooks; [Handle] registers it. A hook that it does not have is not exported and costs
// nothing.
//
//	package main
//
//	import "sandgate/sdk"
//
//	type addHeader struct{}
//
//	func (addHeader) OnResponse(response *sandgate.Response) (*sandgate.Reply, error) {
//		return nil, response.SetHeader("x-served-by", "sandgate")
//	}
//
//	func init() { sandgate.Handle(addHeader{}) }
//
//	func main() {}
//
// What a hook may ask is in the packages exchange, log, clock, random and trace; and, where the configuration grants it, in kv,
// counter, ratelimit, metrics and callout. A component imports those that it calls.
//
// An error that a hook gives, and a panic, is a line in the host's log and a trap; the plugin's on_failure says what becomes of
// the exchange.
package sandgate

// RequestFilter has the hook on-request: the head of the request is here, the route is known and the body is unread.
type RequestFilter interface {
	// OnRequest gives nil to go on, or an answer.
	OnRequest(request *Request) (*Reply, error)
}

// RequestBodyFilter has the hook on-request-body, with the whole body.
type RequestBodyFilter interface {
	// OnRequestBody gives [Keep], [Replace] or [Answer].
	OnRequestBody(request *Request, body []byte) (BodyVerdict, error)
}

// ResponseFilter has the hook on-response: for answers of the upstream, of other filters and of the host alike.
type ResponseFilter interface {
	// OnResponse gives nil to go on, or another answer.
	OnResponse(response *Response) (*Reply, error)
}

// ResponseBodyFilter has the hook on-response-body, with the whole body.
type ResponseBodyFilter interface {
	// OnResponseBody gives [Keep], [Replace] or [Answer].
	OnResponseBody(response *Response, body []byte) (BodyVerdict, error)
}

// Logger has the hook on-log, after the response is on its way; nobody waits for it.
type Logger interface {
	OnLog(outcome Outcome)
}

// Router names the route of a request, before the route table is asked.
type Router interface {
	// Route gives [Table], [ToRoute] or an answer.
	Route(request *Request) (Decision, error)
}

// Rerouter says where a request goes that its upstream could not answer.
type Rerouter interface {
	// Reroute gives [Fallback], [DetourToUpstream], [DetourToRoute] or an answer.
	Reroute(failure UpstreamFailure) (Detour, error)
}

// Picker is a balancing policy that is asked for each attempt.
type Picker interface {
	// OnEndpoints is called before the first Pick. The endpoints never change within an instance.
	OnEndpoints(endpoints []Endpoint)
	// Pick gives a ranking, the best first, of which the first is tried; none to let the host choose.
	Pick(among Candidates) []uint32
}

// Learner is a Picker that is told what has come of attempts.
type Learner interface {
	OnOutcomes(attempts Attempts)
}

// Weigher is a balancing policy that is asked on a timer.
type Weigher interface {
	// OnEndpoints is called before the first Weigh. The endpoints never change within an instance.
	OnEndpoints(endpoints []Endpoint)
	// Weigh gives a weight for each endpoint.
	Weigh(loads Loads) []float64
}

// Configurer has settings.
type Configurer interface {
	// Configure gets the plugin's settings as JSON text; an error refuses them with its text.
	Configure(settings []byte) error
}

// Describer says what the plugin is.
type Describer interface {
	Describe() Description
}
