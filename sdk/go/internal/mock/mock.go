// Package mock is what the host of tests knows.
package mock

// Counted is a number that a plugin counted.
type Counted struct {
	Name   string
	Labels []string
	Number float64
}

// State is all of it.
type State struct {
	Facts           map[string]string
	Headers         map[string]string
	Notes           map[string]string
	Logged          []string
	Monotonic, Wall uint64
	Kv              map[string]Entry
	Version         uint64
	Counters        map[string]int64
	Counted         []Counted
	// Wait says after how many milliseconds tokens are there.
	Wait func(key string, cost uint32) uint64
	// Answer says what a callout to an upstream answers.
	Answer func(upstream, path string) (status uint16, body []byte)
}

// Entry is a value, and which one it is.
type Entry struct {
	Value   []byte
	Version uint64
}

// Now is the state of the test that runs.
var Now = New()

// New is the state that tests begin with.
func New() *State {
	return &State{
		Facts:    map[string]string{"id": "0123456789abcdef0123456789abcdef", "client-address": "192.0.2.1:50000", "request-path": "/"},
		Headers:  map[string]string{},
		Notes:    map[string]string{},
		Kv:       map[string]Entry{},
		Counters: map[string]int64{},
	}
}
