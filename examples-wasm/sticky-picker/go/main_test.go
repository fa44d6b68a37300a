package main

import (
	"fmt"
	"testing"

	"sandgate/sdk"
	"sandgate/sdk/sandgatetest"
)

var all = sandgate.Candidates{Usable: []uint32{0, 1, 2}, Weight: []float64{1, 1, 1}}

func policy(t *testing.T) *stickyPicker {
	picker := new(stickyPicker)
	if err := picker.Configure([]byte(`{"cookie":"session"}`)); err != nil {
		t.Fatal(err)
	}
	for at := range 3 {
		picker.endpoints = append(picker.endpoints, known{seed: hash(0, fmt.Sprintf("http://192.0.2.%d", at))})
	}
	return picker
}

func TestOneThatKeepsFailingIsPutLastForAWhile(t *testing.T) {
	state, picker := sandgatetest.Reset(), policy(t)
	if picker.Pick(all) != nil {
		t.Error("without the cookie the host chooses")
	}
	state.Headers["cookie"] = "a=1; session=x"
	first := picker.Pick(all)[0]
	picker.OnOutcomes(sandgate.Attempts{Endpoint: []uint32{first, first, first}, Status: []uint16{503, 0, 502}})
	if picker.Pick(all)[2] != first {
		t.Error("it is last")
	}
	state.Monotonic = rest
	if picker.Pick(all)[0] != first {
		t.Error("it is tried again")
	}
}

func TestSettingsNameOneKey(t *testing.T) {
	for _, settings := range []string{`{}`, `{"cookie":"a","header":"b"}`, `{"query":"a"}`} {
		if new(stickyPicker).Configure([]byte(settings)) == nil {
			t.Error(settings)
		}
	}
}
