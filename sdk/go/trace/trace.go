// Package trace tells of the trace that the request is part of, and how long what took.
package trace

import "sandgate/sdk/internal/host"

// Part is a part of an exchange. Each is known once it is over.
type Part uint8

// The parts of an exchange.
const (
	Total Part = iota
	Queue
	Connect
	FirstByte
	Upstream
)

// ID is the trace's identifier, if the request is part of one.
func ID() (string, bool) { return host.TraceID() }

// Parent is the field traceparent as the upstream gets it.
func Parent() (string, bool) { return host.TraceParent() }

// Took is how long a part took, in microseconds, once it is over.
func Took(part Part) (uint64, bool) { return host.TraceTook(uint8(part)) }

// Attribute keeps an attribute: a note of which no other plugin can take the name.
func Attribute(name, value string) bool { return host.TraceAttribute(name, value) }
