package main

import (
	"slices"
	"testing"

	"sandgate/sdk"
)

func TestHalfAsFastIsHalfTheWeightAndOneThatHasNotAnsweredKeepsItsOwn(t *testing.T) {
	policy := &weigher{}
	policy.OnEndpoints([]sandgate.Endpoint{{Weight: 1}, {Weight: 4}, {Weight: 3}})
	weights := policy.Weigh(sandgate.Loads{LatencyUs: []float64{100, 200, 0}})
	if !slices.Equal(weights, []float64{1, 2, 3}) {
		t.Error(weights)
	}
}
