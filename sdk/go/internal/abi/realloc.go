//go:build wasip1

package abi

import "unsafe"

// The adapter from WASI 0.1 reads the clock for Go's garbage collector, which may not be called while the host waits for
// memory: it is told to give the time that it read last. (So does the runtime of wit-bindgen-go.)
//
//go:wasmimport wasi_snapshot_preview1 adapter_monotonic_clock_set_paused
func pauseClock(paused bool)

// Before Go's runtime is ready, memory is the system's.
//
//go:linkname sbrk runtime.sbrk
func sbrk(size uintptr) unsafe.Pointer

var isReady = false

func init() { isReady = true }

//go:wasmexport cabi_realloc
func realloc(_ unsafe.Pointer, oldSize, align, size uint32) unsafe.Pointer {
	if oldSize != 0 {
		panic("the host makes a list longer")
	}
	if !isReady {
		address := uintptr(sbrk(uintptr(size + align)))
		return unsafe.Pointer((address + uintptr(align) - 1) &^ (uintptr(align) - 1))
	}
	pauseClock(true)
	memory := make([]uint64, (size+7)/8+1)
	held = append(held, memory)
	pauseClock(false)
	return unsafe.Pointer(unsafe.SliceData(memory))
}
