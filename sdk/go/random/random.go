// Package random gives numbers that nobody can guess.
package random

import "sandgate/sdk/internal/host"

// Bytes are so many bytes, at most 4096.
func Bytes(length uint32) []byte { return host.RandomBytes(length) }

// Number is a number of 64 bits.
func Number() uint64 { return host.RandomNumber() }
