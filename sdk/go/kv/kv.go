// Package kv keeps values by key that outlive the exchange. Granted by `grants: { kv: { quota: 1MiB } }`.
package kv

import "sandgate/sdk/internal/host"

// Error says why a value was not set: invalid, quota, conflict, other.
type Error struct{ Code string }

func (e Error) Error() string { return "the value was not set: " + e.Code }

// Entry is a value, and which one it is.
type Entry = host.KvEntry

// Amount is how much of the quota is used.
type Amount = host.KvAmount

// Forever is the time to live of what stays.
const Forever uint64 = 0

// Get is the value of a key.
func Get(key string) (Entry, bool) { return host.KvGet(key) }

// GetMany are the values of at most 64 keys, in their order; nil where there is none.
func GetMany(keys []string) []*Entry { return host.KvGetMany(keys) }

// Set sets a value for a time, in milliseconds, and gives its version.
func Set(key string, value []byte, ttlMs uint64) (uint64, error) {
	return result(host.KvSet(key, value, ttlMs))
}

// CompareAndSet sets a value if the one that is there has that version.
func CompareAndSet(key string, expected uint64, value []byte, ttlMs uint64) (uint64, error) {
	return result(host.KvCompareAndSet(key, &expected, value, ttlMs))
}

// Add sets a value if there is none.
func Add(key string, value []byte, ttlMs uint64) (uint64, error) {
	return result(host.KvCompareAndSet(key, nil, value, ttlMs))
}

// Delete takes a value away; false if there was none.
func Delete(key string) bool { return host.KvDelete(key) }

// Keys are those that begin so, in the order of their bytes, from the first one after another; all for an empty one.
func Keys(prefix, after string, limit uint32) []string { return host.KvKeys(prefix, after, limit) }

// Usage is how much of the quota is used.
func Usage() Amount { return host.KvUsage() }

func result(version uint64, code string) (uint64, error) {
	if code != "" {
		return 0, Error{Code: code}
	}
	return version, nil
}
