//go:build wasip1

// Package abi is what all calls between the component and its host have in common: memory, and the layouts of the canonical ABI.
//
// Addresses in memory that both share are 32 bits, where Go's own pointers have 64.
package abi

import (
	"unsafe"
)

// List is a list or text in memory.
type List struct{ Address, Length uint32 }

// Option is an option of a list.
type Option struct {
	IsSome uint32
	List   List
}

// Result is a result whose error is a variant with a text in its last case, and whose value is nothing.
type Result struct {
	IsError uint32
	Tag     uint32
	Text    List
}

// Number is an option of a number.
type Number struct {
	IsSome uint64
	Value  uint64
}

// Held keeps what the host has put into memory from the garbage collector, until the hook is over.
var held [][]uint64

// Release ends that.
func Release() { held = held[:0] }

// A flag, or a variant's case, is the first byte of its word; the others may be anything.
func flag(word uint32) uint32 { return word & 0xff }

// At is a pointer to an address.
func At(address uint32) unsafe.Pointer { return unsafe.Pointer(uintptr(address)) }

// Address is where something is.
func Address(pointer unsafe.Pointer) uint32 { return uint32(uintptr(pointer)) }

// String is a text as a copy of its own.
func (l List) String() string { return string(Slice[byte](l)) }

// Bytes are those of a list as a copy of its own.
func (l List) Bytes() []byte { return append([]byte{}, Slice[byte](l)...) }

// Slice is a list where it is.
func Slice[T any](list List) []T {
	if list.Length == 0 {
		return nil
	}
	return unsafe.Slice((*T)(At(list.Address)), list.Length)
}

// Of is a list of what is in a slice, which whoever calls keeps alive.
func Of[T any](slice []T) List {
	return List{Address(unsafe.Pointer(unsafe.SliceData(slice))), uint32(len(slice))}
}

// OfString is a list of a text's bytes.
func OfString(text string) List {
	return List{Address(unsafe.Pointer(unsafe.StringData(text))), uint32(len(text))}
}

// Get is what is in an option.
func (o Option) Get() (string, bool) {
	if flag(o.IsSome) == 0 {
		return "", false
	}
	return o.List.String(), true
}

// GetBytes is what is in an option.
func (o Option) GetBytes() ([]byte, bool) {
	if flag(o.IsSome) == 0 {
		return nil, false
	}
	return o.List.Bytes(), true
}

// Get is what is in an option.
func (n Number) Get() (uint64, bool) { return n.Value, n.IsSome&0xff != 0 }

// Code is the name of an error's case, or empty if there was none.
func (r Result) Code(cases ...string) string {
	if flag(r.IsError) == 0 {
		return ""
	}
	return Case(r.Tag, cases...)
}

// Case is the name of a variant's case; what is not among them is "other".
func Case(tag uint32, cases ...string) string {
	if at := flag(tag); at < uint32(len(cases)) {
		return cases[at]
	}
	return "other"
}

// IsSet says whether the first byte of a word is.
func IsSet(word uint32) bool { return flag(word) != 0 }
