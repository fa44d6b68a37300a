package main

import (
	"slices"
	"testing"

	"sandgate/sdk"
)

func TestOnlyFailuresSinceTheLastTimeCount(t *testing.T) {
	policy := weigher{Least: 0.1, FailureCosts: 0.5}
	policy.OnEndpoints([]sandgate.Endpoint{{Weight: 1}, {Weight: 1}, {Weight: 2}})
	for _, step := range []struct {
		latency  []float64
		failures []uint64
		expected []float64
	}{
		{[]float64{1000, 2000, 1000}, []uint64{7, 0, 0}, []float64{1, 0.5, 2}},
		{[]float64{1, 1, 1}, []uint64{7, 1, 2}, []float64{1, 0.5, 0.5}},
		{[]float64{0, 0, 0}, []uint64{7, 1, 2}, []float64{1, 1, 2}},
		{[]float64{1, 1e9, 1}, []uint64{7, 1, 2}, []float64{1, 0.1, 2}},
	} {
		weights := policy.Weigh(sandgate.Loads{LatencyUs: step.latency, Failures: step.failures})
		if !slices.Equal(weights, step.expected) {
			t.Error(weights, step.expected)
		}
	}
}
