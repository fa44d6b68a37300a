package sandgate_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"sandgate/sdk"
	"sandgate/sdk/kv"
	"sandgate/sdk/log"
	"sandgate/sdk/metrics"
	"sandgate/sdk/ratelimit"
	"sandgate/sdk/sandgatetest"
)

type filter struct{}

func (filter) OnRequest(*sandgate.Request) (*sandgate.Reply, error) { return nil, nil }
func (filter) Configure([]byte) error                               { return nil }

func TestHooksAreTheMethodsThatThereAre(t *testing.T) {
	if hooks := sandgate.Hooks(filter{}); !slices.Equal(hooks, []string{"plugin", "on-request"}) {
		t.Error(hooks)
	}
}

func TestAHeaderIsSetAddedToAndRemovedWhateverItsNamesCase(t *testing.T) {
	request := sandgatetest.Request("GET", "/", "X-A", "1", "x-a", "2")
	if err := request.AppendHeader("X-a", "3"); err != nil || len(request.Fields()) != 3 || request.Header("X-A") != "1" {
		t.Error(err, request.Fields())
	}
	if err := request.SetHeader("x-A", "4"); err != nil || len(request.Fields()) != 1 {
		t.Error(err, request.Fields())
	}
	_ = request.RemoveHeader("X-A")
	if _, found := request.LookupHeader("x-a"); found {
		t.Error(request.Fields())
	}
}

func TestWhatMayNotBeSetIsAnErrorWithTheNameOfTheRule(t *testing.T) {
	request, response := sandgatetest.Request("GET", "/"), sandgatetest.Response(200)
	for code, err := range map[string]error{
		"invalid-name": request.SetHeader("a b", "1"),
		"forbidden":    request.SetHeader("Host", "a"),
	} {
		var failed sandgate.HeaderError
		if !errors.As(err, &failed) || failed.Code != code {
			t.Error(code, err)
		}
	}
	if request.SetHeader("a", "1\n") == nil || request.SetPath("a") == nil || response.SetStatus(204) == nil {
		t.Error("all three are refused")
	}
}

func TestWhatOutlivesTheExchangeCanBeTested(t *testing.T) {
	state := sandgatetest.Reset()
	version, err := kv.Set("a", []byte("1"), kv.Forever)
	if entry, found := kv.Get("a"); err != nil || !found || string(entry.Value) != "1" || entry.Version != version {
		t.Error(entry, err)
	}
	if _, err := kv.Add("a", nil, kv.Forever); err != (kv.Error{Code: "conflict"}) {
		t.Error(err)
	}
	if _, err := kv.CompareAndSet("a", version, []byte("2"), kv.Forever); err != nil {
		t.Error(err)
	}
	state.Wait = func(string, uint32) uint64 { return 5 }
	if answer, err := ratelimit.Take("a", 1, ratelimit.Bucket{Burst: 1, Refill: 1, PeriodMs: 1}); err != nil || answer.WaitMs != 5 {
		t.Error(answer, err)
	}
	log.Warn("odd")
	if err := metrics.Increment("m", 1, "x"); err != nil || len(state.Counted) != 1 || !slices.Equal(state.Logged, []string{"warn: odd"}) {
		t.Error(err, state.Counted, state.Logged)
	}
}

func TestTheVersionInTheNamesIsThatOfTheContract(t *testing.T) {
	wit, err := os.ReadFile("../../wit/types.wit")
	if err != nil {
		t.Skip("no WIT beside the SDK")
	}
	version := regexp.MustCompile(`sandgate:proxy@([^;]+);`).FindSubmatch(wit)[1]
	for _, pattern := range []string{"*.go", "internal/host/*.go"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, _ := os.ReadFile(file)
			for _, found := range regexp.MustCompile(`//go:wasm\w+ sandgate:proxy/[\w-]+@([\d.]+)`).FindAllSubmatch(text, -1) {
				if string(found[1]) != string(version) {
					t.Errorf("%s: %s is not %s", file, found[0], version)
				}
			}
		}
	}
}
