//go:build wasip1

package host

import (
	"runtime"
	"unsafe"

	"sandgate/sdk/internal/abi"
)

//go:wasmimport sandgate:proxy/kv@0.1.1 get
func kvGet(key string, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/kv@0.1.1 get-many
func kvGetMany(keys unsafe.Pointer, count uint32, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/kv@0.1.1 set
func kvSet(key string, value unsafe.Pointer, length uint32, hasTTL int32, ttlMs uint64, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/kv@0.1.1 compare-and-set
func kvCompareAndSet(key string, hasExpected int32, expected uint64, value unsafe.Pointer, length uint32, hasTTL int32, ttlMs uint64, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/kv@0.1.1 delete
func kvDelete(key string) int32

//go:wasmimport sandgate:proxy/kv@0.1.1 keys
func kvKeys(prefix string, hasAfter int32, after string, limit uint32, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/kv@0.1.1 usage
func kvUsage(out unsafe.Pointer)

//go:wasmimport sandgate:proxy/counter@0.1.1 add
func counterAdd(key string, by int64, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/counter@0.1.1 get
func counterGet(key string, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/counter@0.1.1 delete
func counterDelete(key string) int32

//go:wasmimport sandgate:proxy/rate-limit@0.1.1 take
func rateLimitTake(key string, cost, burst, refill uint32, periodMs uint64, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/metrics@0.1.1 increment
func metricsIncrement(name string, labels unsafe.Pointer, count uint32, by uint64, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/metrics@0.1.1 set
func metricsSet(name string, labels unsafe.Pointer, count uint32, value float64, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/metrics@0.1.1 adjust
func metricsAdjust(name string, labels unsafe.Pointer, count uint32, by float64, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/metrics@0.1.1 observe
func metricsObserve(name string, labels unsafe.Pointer, count uint32, value float64, out unsafe.Pointer)

//go:wasmimport sandgate:proxy/callout@0.1.1 call
func calloutCall(upstream, method, path string, hasAuthority int32, authority string, fields unsafe.Pointer, fieldCount uint32,
	body unsafe.Pointer, bodyLength uint32, hasTimeout int32, timeoutMs uint64, out unsafe.Pointer)

// An entry, and an option of one.
type entry struct {
	value   abi.List
	version uint64
}

type maybeEntry struct {
	isSome uint64
	entry  entry
}

// A result of a number; in its place there may be an error's tag, before its text.
type numberResult struct {
	isError uint64
	word    uint64
	text    abi.List
}

func (r numberResult) get(cases ...string) (uint64, string) {
	if r.isError&0xff == 0 {
		return r.word, ""
	}
	return 0, abi.Case(uint32(r.word), cases...)
}

func is(condition bool) int32 {
	if condition {
		return 1
	}
	return 0
}

// Lists hold addresses, which the garbage collector does not follow: whoever calls keeps the texts alive.
func lists(texts []string) []abi.List {
	made := make([]abi.List, len(texts))
	for at, text := range texts {
		made[at] = abi.OfString(text)
	}
	return made
}

func data[T any](slice []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(slice)) }

func KvGet(key string) (KvEntry, bool) {
	var out maybeEntry
	kvGet(key, unsafe.Pointer(&out))
	if out.isSome&0xff == 0 {
		return KvEntry{}, false
	}
	return KvEntry{out.entry.value.Bytes(), out.entry.version}, true
}

func KvGetMany(keys []string) []*KvEntry {
	var out abi.List
	names := lists(keys)
	kvGetMany(data(names), uint32(len(names)), unsafe.Pointer(&out))
	runtime.KeepAlive(keys)
	entries := make([]*KvEntry, out.Length)
	for at, found := range abi.Slice[maybeEntry](out) {
		if found.isSome&0xff != 0 {
			entries[at] = &KvEntry{found.entry.value.Bytes(), found.entry.version}
		}
	}
	return entries
}

func KvSet(key string, value []byte, ttlMs uint64) (uint64, string) {
	var out numberResult
	kvSet(key, data(value), uint32(len(value)), is(ttlMs != 0), ttlMs, unsafe.Pointer(&out))
	return out.get("invalid", "quota", "conflict")
}

func KvCompareAndSet(key string, expected *uint64, value []byte, ttlMs uint64) (uint64, string) {
	var out numberResult
	var version uint64
	if expected != nil {
		version = *expected
	}
	kvCompareAndSet(key, is(expected != nil), version, data(value), uint32(len(value)), is(ttlMs != 0), ttlMs, unsafe.Pointer(&out))
	return out.get("invalid", "quota", "conflict")
}

func KvDelete(key string) bool { return kvDelete(key) != 0 }

func KvKeys(prefix, after string, limit uint32) []string {
	var out abi.List
	kvKeys(prefix, is(after != ""), after, limit, unsafe.Pointer(&out))
	keys := make([]string, out.Length)
	for at, key := range abi.Slice[abi.List](out) {
		keys[at] = key.String()
	}
	return keys
}

func KvUsage() KvAmount {
	var out KvAmount
	kvUsage(unsafe.Pointer(&out))
	return out
}

func CounterAdd(key string, by int64) (int64, string) {
	var out numberResult
	counterAdd(key, by, unsafe.Pointer(&out))
	value, code := out.get("invalid", "full")
	return int64(value), code
}

func CounterGet(key string) (int64, bool) {
	var out abi.Number
	counterGet(key, unsafe.Pointer(&out))
	value, found := out.Get()
	return int64(value), found
}

func CounterDelete(key string) bool { return counterDelete(key) != 0 }

func RateLimitTake(key string, cost, burst, refill uint32, periodMs uint64) (RateAnswer, string) {
	var out struct{ isError, tag, value uint64 }
	rateLimitTake(key, cost, burst, refill, periodMs, unsafe.Pointer(&out))
	if out.isError&0xff != 0 {
		return RateAnswer{}, abi.Case(uint32(out.tag), "invalid-key", "invalid-bucket")
	}
	switch out.tag & 0xff {
	case 0:
		return RateAnswer{Taken: true, Left: uint32(out.value)}, ""
	case 1:
		return RateAnswer{WaitMs: out.value}, ""
	}
	return RateAnswer{Never: true}, ""
}

func counted(call func(labels unsafe.Pointer, count uint32, out unsafe.Pointer), labels []string) string {
	var out abi.Result
	values := lists(labels)
	call(data(values), uint32(len(values)), unsafe.Pointer(&out))
	runtime.KeepAlive(labels)
	return out.Code("undeclared", "wrong-kind", "wrong-label", "invalid-number")
}

func MetricsIncrement(name string, labels []string, by uint64) string {
	return counted(func(l unsafe.Pointer, c uint32, out unsafe.Pointer) { metricsIncrement(name, l, c, by, out) }, labels)
}

func MetricsSet(name string, labels []string, value float64) string {
	return counted(func(l unsafe.Pointer, c uint32, out unsafe.Pointer) { metricsSet(name, l, c, value, out) }, labels)
}

func MetricsAdjust(name string, labels []string, by float64) string {
	return counted(func(l unsafe.Pointer, c uint32, out unsafe.Pointer) { metricsAdjust(name, l, c, by, out) }, labels)
}

func MetricsObserve(name string, labels []string, value float64) string {
	return counted(func(l unsafe.Pointer, c uint32, out unsafe.Pointer) { metricsObserve(name, l, c, value, out) }, labels)
}

func CalloutCall(question Question) (Answer, string) {
	fields := make([][2]abi.List, len(question.Fields))
	for at, field := range question.Fields {
		fields[at] = [2]abi.List{abi.OfString(field.Name), abi.Of(field.Value)}
	}
	var out struct {
		isError, word uint32
		fields, body  abi.List
	}
	calloutCall(question.Upstream, question.Method, question.Path, is(question.Authority != ""), question.Authority, data(fields),
		uint32(len(fields)), data(question.Body), uint32(len(question.Body)), is(question.TimeoutMs != 0), question.TimeoutMs, unsafe.Pointer(&out))
	runtime.KeepAlive(question)
	if abi.IsSet(out.isError) {
		return Answer{}, abi.Case(out.word, "not-granted", "too-many", "invalid", "too-large", "timeout", "failed")
	}
	answer := Answer{Status: uint16(out.word), Body: out.body.Bytes()}
	for _, field := range abi.Slice[[2]abi.List](out.fields) {
		answer.Fields = append(answer.Fields, Field{field[0].String(), field[1].Bytes()})
	}
	return answer, ""
}
