// Package exchange tells of the exchange that the plugin is working for. Facts that may be missing come with whether they are
// there.
package exchange

import "sandgate/sdk/internal/host"

// ID is the exchange's identifier, the same as in the access log.
func ID() string { return host.ExchangeID() }

// ClientAddress is the client's address and port.
func ClientAddress() string { return host.ExchangeClientAddress() }

// TLSVersion is the version of TLS that the client speaks.
func TLSVersion() (string, bool) { return host.ExchangeTLSVersion() }

// TLSCipher is the cipher suite by its IANA name.
func TLSCipher() (string, bool) { return host.ExchangeTLSCipher() }

// TLSServerName is the name that the client asked for in its handshake.
func TLSServerName() (string, bool) { return host.ExchangeTLSServerName() }

// ClientCertificateSubject is the subject of the client's certificate, which was verified.
func ClientCertificateSubject() (string, bool) { return host.ExchangeClientCertificateSubject() }

// ClientCertificateFingerprint is SHA-256 of the client's certificate, in hexadecimal.
func ClientCertificateFingerprint() (string, bool) {
	return host.ExchangeClientCertificateFingerprint()
}

// Route is the name of the route, once there is one.
func Route() (string, bool) { return host.ExchangeRoute() }

// Tenant is the tenant that the route belongs to, if it is somebody's.
func Tenant() (string, bool) { return host.ExchangeTenant() }

// RequestHeader is the first value of a field of the request, for hooks that are not given it.
func RequestHeader(name string) (string, bool) {
	value, found := host.ExchangeRequestHeader(name)
	return string(value), found
}

// RequestCookie is the value of the first cookie of that name.
func RequestCookie(name string) (string, bool) { return host.ExchangeRequestCookie(name) }

// RequestPath is path and query of the request, as the upstream got it.
func RequestPath() string { return host.ExchangeRequestPath() }

// DeadlineLeft is how long the exchange may still take, in microseconds.
func DeadlineLeft() (uint64, bool) { return host.ExchangeDeadlineLeft() }

// CPULeft is how much of limits.cpu is left, in microseconds.
func CPULeft() uint64 { return host.ExchangeCPULeft() }

// Note keeps a note for later hooks and the access log; false if there was no room for all of it.
func Note(name, value string) bool { return host.ExchangeNote(name, value) }

// Noted is the note of that name.
func Noted(name string) (string, bool) { return host.ExchangeNoted(name) }
