// Package host is the host: the contract's interfaces in a component, those of package mock anywhere else.
package host

// KvEntry is a value, and which one it is.
type KvEntry struct {
	Value   []byte
	Version uint64
}

// KvAmount is how much of the quota is used.
type KvAmount struct{ Bytes, Quota, Keys uint64 }

// RateAnswer is what became of a wish for tokens: they were taken, or will be there; or never.
type RateAnswer struct {
	Taken  bool
	Left   uint32
	WaitMs uint64
	Never  bool
}

// Field is a field of a head.
type Field struct {
	Name  string
	Value []byte
}

// Question is what is sent.
type Question struct {
	Upstream, Method, Path, Authority string
	Fields                            []Field
	Body                              []byte
	TimeoutMs                         uint64
}

// Answer is what comes back.
type Answer struct {
	Status uint16
	Fields []Field
	Body   []byte
}
