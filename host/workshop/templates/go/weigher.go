// A balancing policy: the slower an endpoint answers, the fewer requests it gets.
package main

import (
	"math"

	"sandgate/sdk"
)

type weigher struct {
	weights []float64
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
		weights[at] = weight
		// Of one that has not answered yet nothing speaks against it.
		if latency := loads.LatencyUs[at]; latency > 0 {
			weights[at] = weight * fastest / latency
		}
	}
	return weights
}

func init() { sandgate.Handle(&weigher{}) }

func main() {}
