// A weigher: the slower an endpoint answers, and the more it has failed of late, the fewer requests it gets.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"

	"sandgate/sdk"
)

type weigher struct {
	// The least part of its configured weight that an endpoint has.
	Least float64 `json:"least"`
	// What is left of its weight for each failure since it was last asked.
	FailureCosts float64 `json:"failure_costs"`

	weights []float64
	// Failures that were there when it was last asked.
	failures []uint64
}

func (*weigher) Describe() sandgate.Description {
	return sandgate.Description{Name: "latency-weigher", Version: "0.1.0", Summary: "Gives slow endpoints less."}
}

func (w *weigher) Configure(settings []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(settings))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(w); err != nil {
		return err
	}
	isPart := func(part float64) bool { return part >= 0 && part <= 1 }
	if !isPart(w.Least) || !isPart(w.FailureCosts) {
		return errors.New("least and failure_costs must be 0 to 1")
	}
	return nil
}

func (w *weigher) OnEndpoints(endpoints []sandgate.Endpoint) {
	w.weights = w.weights[:0]
	for _, endpoint := range endpoints {
		w.weights = append(w.weights, float64(endpoint.Weight))
	}
}

func (w *weigher) Weigh(loads sandgate.Loads) []float64 {
	fastest := math.MaxFloat64
	for _, latency := range loads.LatencyUs {
		if latency > 0 {
			fastest = min(fastest, latency)
		}
	}
	weights := make([]float64, len(w.weights))
	for at, weight := range w.weights {
		// Of one that has not answered yet nothing speaks against it.
		part := 1.0
		if latency := loads.LatencyUs[at]; latency > 0 {
			part = fastest / latency
		}
		if at < len(w.failures) {
			part *= math.Pow(w.FailureCosts, float64(loads.Failures[at]-w.failures[at]))
		}
		weights[at] = weight * max(part, w.Least)
	}
	w.failures = append(w.failures[:0], loads.Failures...)
	return weights
}

func init() { sandgate.Handle(&weigher{Least: 0.1, FailureCosts: 0.5}) }

func main() {}
