//go:build !wasip1

package host

import (
	"math/rand/v2"
	"sort"
	"strings"

	"sandgate/sdk/internal/mock"
)

func fact(name string) (string, bool) {
	value, found := mock.Now.Facts[name]
	return value, found
}

func ExchangeID() string                               { return mock.Now.Facts["id"] }
func ExchangeClientAddress() string                    { return mock.Now.Facts["client-address"] }
func ExchangeTLSVersion() (string, bool)               { return fact("tls-version") }
func ExchangeTLSCipher() (string, bool)                { return fact("tls-cipher") }
func ExchangeTLSServerName() (string, bool)            { return fact("tls-server-name") }
func ExchangeClientCertificateSubject() (string, bool) { return fact("client-certificate-subject") }
func ExchangeClientCertificateFingerprint() (string, bool) {
	return fact("client-certificate-fingerprint")
}
func ExchangeRoute() (string, bool)        { return fact("route") }
func ExchangeTenant() (string, bool)       { return fact("tenant") }
func ExchangeRequestPath() string          { return mock.Now.Facts["request-path"] }
func ExchangeDeadlineLeft() (uint64, bool) { return 0, false }
func ExchangeCPULeft() uint64              { return 10_000 }

func ExchangeRequestHeader(name string) ([]byte, bool) {
	value, found := mock.Now.Headers[strings.ToLower(name)]
	return []byte(value), found
}

func ExchangeRequestCookie(name string) (string, bool) {
	for _, pair := range strings.Split(mock.Now.Headers["cookie"], ";") {
		if key, value, found := strings.Cut(strings.TrimSpace(pair), "="); found && key == name {
			return value, true
		}
	}
	return "", false
}

func ExchangeNote(name, value string) bool {
	mock.Now.Notes[name] = value
	return true
}

func ExchangeNoted(name string) (string, bool) {
	value, found := mock.Now.Notes[name]
	return value, found
}

func LogWrite(level uint8, message string) {
	names := [...]string{"debug", "info", "warn", "error"}
	mock.Now.Logged = append(mock.Now.Logged, names[level]+": "+message)
}

func ClockMonotonic() uint64 { return mock.Now.Monotonic }
func ClockWall() uint64      { return mock.Now.Wall }

func RandomBytes(length uint32) []byte {
	bytes := make([]byte, min(length, 4096))
	for at := range bytes {
		bytes[at] = byte(rand.Uint32())
	}
	return bytes
}

func RandomNumber() uint64 { return rand.Uint64() }

func TraceID() (string, bool)            { return fact("trace-id") }
func TraceParent() (string, bool)        { return fact("traceparent") }
func TraceTook(uint8) (uint64, bool)     { return 0, false }
func TraceAttribute(name, v string) bool { return ExchangeNote(name, v) }

func KvGet(key string) (KvEntry, bool) {
	entry, found := mock.Now.Kv[key]
	return KvEntry(entry), found
}

func KvGetMany(keys []string) []*KvEntry {
	entries := make([]*KvEntry, len(keys))
	for at, key := range keys {
		if entry, found := KvGet(key); found {
			entries[at] = &entry
		}
	}
	return entries
}

func KvSet(key string, value []byte, _ uint64) (uint64, string) {
	if len(key) == 0 || len(key) > 256 {
		return 0, "invalid"
	}
	mock.Now.Version++
	mock.Now.Kv[key] = mock.Entry{Value: value, Version: mock.Now.Version}
	return mock.Now.Version, ""
}

func KvCompareAndSet(key string, expected *uint64, value []byte, ttlMs uint64) (uint64, string) {
	entry, found := mock.Now.Kv[key]
	if found != (expected != nil) || found && entry.Version != *expected {
		return 0, "conflict"
	}
	return KvSet(key, value, ttlMs)
}

func KvDelete(key string) bool {
	_, found := mock.Now.Kv[key]
	delete(mock.Now.Kv, key)
	return found
}

func KvKeys(prefix, after string, limit uint32) []string {
	var keys []string
	for key := range mock.Now.Kv {
		if strings.HasPrefix(key, prefix) && key > after {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	return keys[:min(len(keys), int(limit))]
}

func KvUsage() KvAmount { return KvAmount{Quota: 1 << 20, Keys: uint64(len(mock.Now.Kv))} }

func CounterAdd(key string, by int64) (int64, string) {
	mock.Now.Counters[key] += by
	return mock.Now.Counters[key], ""
}

func CounterGet(key string) (int64, bool) {
	value, found := mock.Now.Counters[key]
	return value, found
}

func CounterDelete(key string) bool {
	_, found := mock.Now.Counters[key]
	delete(mock.Now.Counters, key)
	return found
}

func RateLimitTake(key string, cost, _, _ uint32, _ uint64) (RateAnswer, string) {
	if mock.Now.Wait != nil {
		if wait := mock.Now.Wait(key, cost); wait > 0 {
			return RateAnswer{WaitMs: wait}, ""
		}
	}
	return RateAnswer{Taken: true}, ""
}

func count(name string, labels []string, number float64) string {
	mock.Now.Counted = append(mock.Now.Counted, mock.Counted{Name: name, Labels: labels, Number: number})
	return ""
}

func MetricsIncrement(name string, labels []string, by uint64) string {
	return count(name, labels, float64(by))
}
func MetricsSet(name string, labels []string, v float64) string     { return count(name, labels, v) }
func MetricsAdjust(name string, labels []string, by float64) string { return count(name, labels, by) }
func MetricsObserve(name string, labels []string, v float64) string { return count(name, labels, v) }

func CalloutCall(question Question) (Answer, string) {
	if mock.Now.Answer == nil {
		return Answer{}, "not-granted"
	}
	status, body := mock.Now.Answer(question.Upstream, question.Path)
	return Answer{Status: status, Body: body}, ""
}
