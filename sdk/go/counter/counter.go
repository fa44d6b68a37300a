// Package counter has numbers that all instances of a plugin count together. Granted by `grants: { counter: { keys: 1000 } }`.
package counter

import "sandgate/sdk/internal/host"

// Error says why a counter was not changed: invalid, full, other.
type Error struct{ Code string }

func (e Error) Error() string { return "the counter was not changed: " + e.Code }

// Add adds to a counter, and gives what it is then.
func Add(key string, by int64) (int64, error) {
	value, code := host.CounterAdd(key, by)
	if code != "" {
		return 0, Error{Code: code}
	}
	return value, nil
}

// Get is what a counter is, if there is one.
func Get(key string) (int64, bool) { return host.CounterGet(key) }

// Delete takes a counter away; false if there was none.
func Delete(key string) bool { return host.CounterDelete(key) }
