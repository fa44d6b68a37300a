// Package metrics counts the plugin's own metrics, as Describe declares them. Granted by `grants: { metrics: { series: 100 } }`.
// Labels are the values of a metric's labels, in their order.
package metrics

import "sandgate/sdk/internal/host"

// Error says why nothing was counted: undeclared, wrong-kind, wrong-label, invalid-number, other.
type Error struct{ Code string }

func (e Error) Error() string { return "nothing was counted: " + e.Code }

// Increment adds to a counter.
func Increment(name string, by uint64, labels ...string) error {
	return failed(host.MetricsIncrement(name, labels, by))
}

// Set sets a gauge.
func Set(name string, value float64, labels ...string) error {
	return failed(host.MetricsSet(name, labels, value))
}

// Adjust adds to a gauge.
func Adjust(name string, by float64, labels ...string) error {
	return failed(host.MetricsAdjust(name, labels, by))
}

// Observe puts a number into a histogram.
func Observe(name string, value float64, labels ...string) error {
	return failed(host.MetricsObserve(name, labels, value))
}

func failed(code string) error {
	if code == "" {
		return nil
	}
	return Error{Code: code}
}
