//go:build wasip1

package sandgate

import (
	"fmt"
	"unsafe"

	"sandgate/sdk/internal/abi"
	"sandgate/sdk/internal/host"
)

// The version of the contract is in the names below, which Go wants written out; a test compares them with the WIT.

func registered(any) {}

// What the last hook gave stays until the next one, for the host to read.
var given []any

// The memory of a decision: a case, and what is in it. A reply has its status in the first word.
type decision struct {
	tag   uint32
	first uint32
	rest  [4]uint32
}

// A hook's call, with what it gives kept until the next: the host reads it when the call is over. An error or a panic is a line in
// the host's log, and a trap.
func hook(call func() any) unsafe.Pointer {
	defer func() {
		if cause := recover(); cause != nil {
			host.LogWrite(3, fmt.Sprint(cause))
			panic(cause)
		}
	}()
	given = given[:0]
	result := call()
	given = append(given, result)
	abi.Release()
	if made, is := result.(*decision); is {
		return unsafe.Pointer(made)
	}
	return nil
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func keepAlive[T any](value T) T {
	given = append(given, value)
	return value
}

func withText(tag uint32, text []byte) *decision {
	list := abi.Of(keepAlive(text))
	return &decision{tag: tag, first: list.Address, rest: [4]uint32{list.Length}}
}

func withReply(tag uint32, reply *Reply) *decision {
	type field struct{ name, value abi.List }
	fields := make([]field, len(reply.Fields))
	for at, each := range lowered(reply.Fields) {
		fields[at] = field{abi.OfString(each.Name), abi.Of(each.Value)}
	}
	keepAlive(reply)
	list, body := abi.Of(keepAlive(fields)), abi.Of(reply.Body)
	return &decision{tag: tag, first: uint32(reply.Status), rest: [4]uint32{list.Address, list.Length, body.Address, body.Length}}
}

func verdict(reply *Reply, err error) any {
	must(err)
	if reply == nil {
		return &decision{}
	}
	return withReply(1, reply)
}

func bodyVerdict(verdict BodyVerdict, err error) any {
	must(err)
	switch verdict.kind {
	case replace:
		return withText(1, verdict.body)
	case answer:
		return withReply(2, verdict.reply)
	}
	return &decision{}
}

//go:wasmexport sandgate:proxy/on-request@0.1.1#on-request
func onRequest(handle int32) unsafe.Pointer {
	return hook(func() any {
		defer requestDrop(handle)
		return verdict(plugin.(RequestFilter).OnRequest(NewRequest(requestHandle(handle))))
	})
}

//go:wasmexport sandgate:proxy/on-request-body@0.1.1#on-request-body
func onRequestBody(handle int32, address, length uint32) unsafe.Pointer {
	return hook(func() any {
		defer requestDrop(handle)
		body := abi.List{Address: address, Length: length}.Bytes()
		return bodyVerdict(plugin.(RequestBodyFilter).OnRequestBody(NewRequest(requestHandle(handle)), body))
	})
}

//go:wasmexport sandgate:proxy/on-response@0.1.1#on-response
func onResponse(handle int32) unsafe.Pointer {
	return hook(func() any {
		defer responseDrop(handle)
		return verdict(plugin.(ResponseFilter).OnResponse(NewResponse(responseHandle(handle))))
	})
}

//go:wasmexport sandgate:proxy/on-response-body@0.1.1#on-response-body
func onResponseBody(handle int32, address, length uint32) unsafe.Pointer {
	return hook(func() any {
		defer responseDrop(handle)
		body := abi.List{Address: address, Length: length}.Bytes()
		return bodyVerdict(plugin.(ResponseBodyFilter).OnResponseBody(NewResponse(responseHandle(handle)), body))
	})
}

//go:wasmexport sandgate:proxy/on-log@0.1.1#on-log
func onLog(status, hasFault int32, fault, faultLength uint32, durationUs, bodyBytes uint64, hasEndpoint int32, endpoint, endpointLength uint32) {
	hook(func() any {
		outcome := Outcome{Status: uint16(status), DurationUs: durationUs, BodySize: bodyBytes}
		if hasFault != 0 {
			outcome.Fault = abi.List{Address: fault, Length: faultLength}.String()
		}
		if hasEndpoint != 0 {
			outcome.Endpoint = abi.List{Address: endpoint, Length: endpointLength}.String()
		}
		plugin.(Logger).OnLog(outcome)
		return nil
	})
}

//go:wasmexport sandgate:proxy/router@0.1.1#route
func route(handle int32) unsafe.Pointer {
	return hook(func() any {
		defer requestDrop(handle)
		decided, err := plugin.(Router).Route(NewRequest(requestHandle(handle)))
		must(err)
		switch {
		case decided.reply != nil:
			return withReply(2, decided.reply)
		case decided.route != "":
			return withText(1, []byte(decided.route))
		}
		return &decision{}
	})
}

//go:wasmexport sandgate:proxy/reroute@0.1.1#reroute
func reroute(upstream, upstreamLength, fault, faultLength uint32, attempts uint32, repeatable int32) unsafe.Pointer {
	return hook(func() any {
		detour, err := plugin.(Rerouter).Reroute(UpstreamFailure{
			Upstream:   abi.List{Address: upstream, Length: upstreamLength}.String(),
			Fault:      abi.List{Address: fault, Length: faultLength}.String(),
			Attempts:   attempts,
			Repeatable: repeatable != 0,
		})
		must(err)
		switch {
		case detour.reply != nil:
			return withReply(3, detour.reply)
		case detour.upstream != "":
			return withText(1, []byte(detour.upstream))
		case detour.route != "":
			return withText(2, []byte(detour.route))
		}
		return &decision{}
	})
}

func endpoints(address, count uint32) []Endpoint {
	type endpoint struct {
		address abi.List
		weight  uint32
	}
	var all []Endpoint
	for _, each := range abi.Slice[endpoint](abi.List{Address: address, Length: count}) {
		all = append(all, Endpoint{each.address.String(), each.weight})
	}
	return all
}

func copied[T any](address, count uint32) []T {
	return append([]T{}, abi.Slice[T](abi.List{Address: address, Length: count})...)
}

//go:wasmexport sandgate:proxy/picker@0.1.1#on-endpoints
func pickerOnEndpoints(address, count uint32) {
	hook(func() any {
		plugin.(Picker).OnEndpoints(endpoints(address, count))
		return nil
	})
}

//go:wasmexport sandgate:proxy/picker@0.1.1#pick
func pick(usable, usableCount, tried, triedCount, active, activeCount, weight, weightCount, latency, latencyCount uint32) unsafe.Pointer {
	return hook(func() any {
		ranking := plugin.(Picker).Pick(Candidates{
			Usable:    copied[uint32](usable, usableCount),
			Tried:     copied[uint32](tried, triedCount),
			Active:    copied[uint32](active, activeCount),
			Weight:    copied[float64](weight, weightCount),
			LatencyUs: copied[float64](latency, latencyCount),
		})
		if len(ranking) == 0 {
			return &decision{tag: 2}
		}
		list := abi.Of(keepAlive(ranking))
		return &decision{tag: 1, first: list.Address, rest: [4]uint32{list.Length}}
	})
}

//go:wasmexport sandgate:proxy/on-outcomes@0.1.1#on-outcomes
func onOutcomes(endpoint, endpointCount, status, statusCount, latency, latencyCount uint32) {
	hook(func() any {
		plugin.(Learner).OnOutcomes(Attempts{
			Endpoint:  copied[uint32](endpoint, endpointCount),
			Status:    copied[uint16](status, statusCount),
			LatencyUs: copied[float64](latency, latencyCount),
		})
		return nil
	})
}

//go:wasmexport sandgate:proxy/weigher@0.1.1#on-endpoints
func weigherOnEndpoints(address, count uint32) {
	hook(func() any {
		plugin.(Weigher).OnEndpoints(endpoints(address, count))
		return nil
	})
}

//go:wasmexport sandgate:proxy/weigher@0.1.1#weigh
func weigh(active, activeCount, latency, latencyCount, failures, failureCount uint32) unsafe.Pointer {
	return hook(func() any {
		list := abi.Of(keepAlive(plugin.(Weigher).Weigh(Loads{
			Active:    copied[uint32](active, activeCount),
			LatencyUs: copied[float64](latency, latencyCount),
			Failures:  copied[uint64](failures, failureCount),
		})))
		return &decision{tag: list.Address, first: list.Length}
	})
}

//go:wasmexport sandgate:proxy/plugin@0.1.1#configure
func configure(settings, length uint32) unsafe.Pointer {
	return hook(func() any {
		configurer, is := plugin.(Configurer)
		if !is {
			return &decision{}
		}
		if err := configurer.Configure(abi.List{Address: settings, Length: length}.Bytes()); err != nil {
			return withText(1, []byte(err.Error()))
		}
		return &decision{}
	})
}
