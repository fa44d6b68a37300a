package main

import (
	"testing"

	"sandgate/sdk/sandgatetest"
)

func TestTheUpstreamIsToldTheAgentAndTheClientWhoServedIt(t *testing.T) {
	request, response := sandgatetest.Request("GET", "/", "user-agent", "curl/8"), sandgatetest.Response(200)
	_, first := addHeader{}.OnRequest(request)
	_, second := addHeader{}.OnResponse(response)
	if first != nil || second != nil || request.Header("x-seen-agent") != "curl/8" || response.Header("x-served-by") != "sandgate" {
		t.Error(first, second, request.Fields(), response.Fields())
	}
}
