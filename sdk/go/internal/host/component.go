//go:build wasip1

package host

import (
	"unsafe"

	"sandgate/sdk/internal/abi"
)

// The version of the contract is in the names below, which Go wants written out; a test compares them with the WIT.

//go:wasmimport sandgate:proxy/exchange@0.1.1 id
func exchangeID(out unsafe.Pointer)

//go:wasmimport sandgate:proxy/exchange@0.1.1 client-address
func exchangeClientAddress(out unsafe.Pointer)

//go:wasmimport sandgate:proxy/exchange@0.1.1 tls-version
func exchangeTLSVersion(out unsafe.Pointer)

//go:wasmimport sandgate:proxy/exchange@0.1.1 tls-cipher
func exchangeTLSCipher(out unsafe.Pointer)

//go:wasmimport sandgate:proxy/exchange@0.1.1 tls-server-name
func exchangeTLSServerName(out unsafe.Pointer)

//go:wasmimport sandgate:proxy/exchange@0.1.1 client-certificate-subject
func exchangeClientCertificateSubject(out unsafe.Pointer)

//go:wasmimport sandgate:proxy/exchange@0.1.1 client-certificate-fingerprint
func exchangeClientCertificateFingerprint(out unsafe.Pointer)

//go:wasmimport sandgate:proxy/exchange@0.1.1 route
func exchangeRoute(out unsafe.Pointer)

//go:wasmimport sandgate:proxy/exchange@0.1.1 tenant
func exchangeTenant(out unsafe.Pointer)

//go:wasmimport sandgate:proxy/exchange@0.1.1 request-header
func exchangeRequestHeader(name string, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/exchange@0.1.1 request-cookie
func exchangeRequestCookie(name string, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/exchange@0.1.1 request-path
func exchangeRequestPath(out unsafe.Pointer)

//go:wasmimport sandgate:proxy/exchange@0.1.1 deadline-left
func exchangeDeadlineLeft(out unsafe.Pointer)

//go:wasmimport sandgate:proxy/exchange@0.1.1 cpu-left
func exchangeCPULeft() uint64

//go:wasmimport sandgate:proxy/exchange@0.1.1 note
func exchangeNote(name, value string) int32

//go:wasmimport sandgate:proxy/exchange@0.1.1 noted
func exchangeNoted(name string, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/log@0.1.1 write
func logWrite(level int32, message string)

//go:wasmimport sandgate:proxy/clock@0.1.1 monotonic
func clockMonotonic() uint64

//go:wasmimport sandgate:proxy/clock@0.1.1 wall
func clockWall() uint64

//go:wasmimport sandgate:proxy/random@0.1.1 bytes
func randomBytes(length uint32, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/random@0.1.1 number
func randomNumber() uint64

//go:wasmimport sandgate:proxy/trace@0.1.1 trace-id
func traceID(out unsafe.Pointer)

//go:wasmimport sandgate:proxy/trace@0.1.1 traceparent
func traceParent(out unsafe.Pointer)

//go:wasmimport sandgate:proxy/trace@0.1.1 took
func traceTook(part int32, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/trace@0.1.1 attribute
func traceAttribute(name, value string) int32

func text(call func(unsafe.Pointer)) string {
	var out abi.List
	call(unsafe.Pointer(&out))
	return out.String()
}

func option(call func(unsafe.Pointer)) (string, bool) {
	var out abi.Option
	call(unsafe.Pointer(&out))
	return out.Get()
}

func number(call func(unsafe.Pointer)) (uint64, bool) {
	var out abi.Number
	call(unsafe.Pointer(&out))
	return out.Get()
}

func ExchangeID() string                    { return text(exchangeID) }
func ExchangeClientAddress() string         { return text(exchangeClientAddress) }
func ExchangeTLSVersion() (string, bool)    { return option(exchangeTLSVersion) }
func ExchangeTLSCipher() (string, bool)     { return option(exchangeTLSCipher) }
func ExchangeTLSServerName() (string, bool) { return option(exchangeTLSServerName) }
func ExchangeClientCertificateSubject() (string, bool) {
	return option(exchangeClientCertificateSubject)
}
func ExchangeClientCertificateFingerprint() (string, bool) {
	return option(exchangeClientCertificateFingerprint)
}
func ExchangeRoute() (string, bool)        { return option(exchangeRoute) }
func ExchangeTenant() (string, bool)       { return option(exchangeTenant) }
func ExchangeRequestPath() string          { return text(exchangeRequestPath) }
func ExchangeDeadlineLeft() (uint64, bool) { return number(exchangeDeadlineLeft) }
func ExchangeCPULeft() uint64              { return exchangeCPULeft() }
func ExchangeNote(name, value string) bool { return exchangeNote(name, value) != 0 }

func ExchangeRequestHeader(name string) ([]byte, bool) {
	var out abi.Option
	exchangeRequestHeader(name, unsafe.Pointer(&out))
	return out.GetBytes()
}

func ExchangeRequestCookie(name string) (string, bool) {
	var out abi.Option
	exchangeRequestCookie(name, unsafe.Pointer(&out))
	return out.Get()
}

func ExchangeNoted(name string) (string, bool) {
	var out abi.Option
	exchangeNoted(name, unsafe.Pointer(&out))
	return out.Get()
}

func LogWrite(level uint8, message string) { logWrite(int32(level), message) }
func ClockMonotonic() uint64               { return clockMonotonic() }
func ClockWall() uint64                    { return clockWall() }
func RandomNumber() uint64                 { return randomNumber() }

func RandomBytes(length uint32) []byte {
	var out abi.List
	randomBytes(length, unsafe.Pointer(&out))
	return out.Bytes()
}

func TraceID() (string, bool)     { return option(traceID) }
func TraceParent() (string, bool) { return option(traceParent) }

func TraceTook(part uint8) (uint64, bool) {
	var out abi.Number
	traceTook(int32(part), unsafe.Pointer(&out))
	return out.Get()
}

func TraceAttribute(name, value string) bool { return traceAttribute(name, value) != 0 }
