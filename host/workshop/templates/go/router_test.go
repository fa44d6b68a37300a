package main

import (
	"testing"

	"sandgate/sdk"
	"sandgate/sdk/sandgatetest"
)

func TestWhoAsksForItGetsTheNextRoute(t *testing.T) {
	asking, others := sandgatetest.Request("GET", "/", "x-next", "1"), sandgatetest.Request("GET", "/")
	if decision, err := (router{}).Route(asking); decision != sandgate.ToRoute("next") || err != nil {
		t.Error(decision, err)
	}
	if decision, err := (router{}).Route(others); decision != sandgate.Table() || err != nil {
		t.Error(decision, err)
	}
}
