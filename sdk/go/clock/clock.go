// Package clock tells the time.
package clock

import "sandgate/sdk/internal/host"

// Monotonic is nanoseconds since an arbitrary instant; it never goes back.
func Monotonic() uint64 { return host.ClockMonotonic() }

// Wall is milliseconds since 1970; it may jump.
func Wall() uint64 { return host.ClockWall() }
