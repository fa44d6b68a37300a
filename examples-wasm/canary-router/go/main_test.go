package main

import (
	"fmt"
	"testing"

	"sandgate/sdk"
	"sandgate/sdk/sandgatetest"
)

func TestTheShareIsThatOfTheClients(t *testing.T) {
	router, count := canary{Percent: 10, Client: "x-client-id"}, 0
	for client := range 1000 {
		request := sandgatetest.Request("GET", "/", "x-client-id", fmt.Sprintf("client-%d", client))
		if decision, _ := router.Route(request); decision == sandgate.ToRoute("canary") {
			count++
		}
	}
	if count < 70 || count > 130 {
		t.Errorf("%d of 1000 are not a tenth", count)
	}
}

func TestWhatTheCanaryCannotAnswerGoesBackAndNothingElseDoes(t *testing.T) {
	state, router := sandgatetest.Reset(), canary{Back: "all"}
	for route, expected := range map[string]sandgate.Detour{"all": sandgate.Fallback(), "canary": sandgate.DetourToRoute("all")} {
		state.Facts["route"] = route
		if detour, err := router.Reroute(sandgate.UpstreamFailure{}); detour != expected || err != nil {
			t.Error(route, detour, err)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for _, settings := range []string{`{"percent":101}`, `{"percents":1}`, `[]`} {
		if new(canary).Configure([]byte(settings)) == nil {
			t.Error(settings)
		}
	}
}
