// A balancing policy: whoever shows the same cookie or header comes to the same endpoint, as long as that answers.
//
// Each endpoint has a score for each key (weighted rendezvous hashing), and the highest one wins. What is given is a ranking: the
// host's retries follow it without asking again. An endpoint that failed three times in a row is put last for five seconds.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"sandgate/sdk"
	"sandgate/sdk/clock"
	"sandgate/sdk/exchange"
)

const (
	// How many endpoints are ranked: as many as the retries of a route usually come to.
	ranked = 3
	// So many failures in a row put an endpoint last.
	trouble = 3
	// For how long, in nanoseconds.
	rest = 5_000_000_000
)

type stickyPicker struct {
	// Whose value is the key: one of both is set.
	cookie, header string
	endpoints      []known
}

type known struct {
	// What its address comes to.
	seed uint64
	// Failures in a row.
	failures int
	// Until when it is put last.
	restsUntil uint64
}

func (*stickyPicker) Describe() sandgate.Description {
	return sandgate.Description{
		Name: "sticky-picker", Version: "0.1.0", Summary: "Brings whoever shows the same cookie or header back to the same endpoint.",
	}
}

func (s *stickyPicker) Configure(settings []byte) error {
	var names map[string]string
	if err := json.Unmarshal(settings, &names); err != nil {
		return err
	}
	for name := range names {
		if name != "cookie" && name != "header" {
			return fmt.Errorf("unknown variant `%s`, expected `cookie` or `header`", name)
		}
	}
	if len(names) != 1 {
		return errors.New("expected one of `cookie` and `header`")
	}
	s.cookie, s.header = names["cookie"], names["header"]
	return nil
}

func (s *stickyPicker) OnEndpoints(endpoints []sandgate.Endpoint) {
	s.endpoints = s.endpoints[:0]
	for _, endpoint := range endpoints {
		s.endpoints = append(s.endpoints, known{seed: hash(0, endpoint.Address)})
	}
}

func (s *stickyPicker) Pick(among sandgate.Candidates) []uint32 {
	key, found := s.key()
	if !found {
		return nil
	}
	type scored struct {
		at    uint32
		rests int
		score float64
	}
	now, all := clock.Monotonic(), make([]scored, 0, len(among.Usable))
	for _, at := range among.Usable {
		one := scored{at: at, score: weighted(hash(s.endpoints[at].seed, key), among.Weight[at])}
		if s.endpoints[at].restsUntil > now {
			one.rests = 1
		}
		all = append(all, one)
	}
	// Those that rest last, and the highest score first.
	slices.SortFunc(all, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.rests, b.rests), cmp.Compare(b.score, a.score))
	})
	ranking := make([]uint32, 0, ranked)
	for _, one := range all[:min(len(all), ranked)] {
		ranking = append(ranking, one.at)
	}
	return ranking
}

func (s *stickyPicker) OnOutcomes(attempts sandgate.Attempts) {
	now := clock.Monotonic()
	for index, at := range attempts.Endpoint {
		endpoint := &s.endpoints[at]
		if !isFailure(attempts.Status[index]) {
			endpoint.failures = 0
			continue
		}
		endpoint.failures++
		if endpoint.failures >= trouble {
			endpoint.failures, endpoint.restsUntil = 0, now+rest
		}
	}
}

func (s *stickyPicker) key() (string, bool) {
	if s.cookie != "" {
		return exchange.RequestCookie(s.cookie)
	}
	return exchange.RequestHeader(s.header)
}

// No answer, or one that says that the endpoint can't.
func isFailure(status uint16) bool { return status == 0 || status >= 502 && status <= 504 }

// FNV-1a, with the bits mixed at the end (as murmur3 does) so that similar keys differ everywhere.
func hash(seed uint64, text string) uint64 {
	hash := seed ^ 0xcbf29ce484222325
	for _, char := range []byte(text) {
		hash = (hash ^ uint64(char)) * 0x0100000001b3
	}
	hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd
	hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53
	return hash ^ (hash >> 33)
}

// A score that is the highest of several in proportion to their weights.
func weighted(hash uint64, weight float64) float64 {
	unit := (float64(hash>>11) + 0.5) / (1 << 53)
	return -weight / math.Log(unit)
}

func init() { sandgate.Handle(&stickyPicker{}) }

func main() {}
