package main

import (
	"testing"

	"sandgate/sdk/sandgatetest"
)

func TestTheUpstreamIsToldTheAgent(t *testing.T) {
	request := sandgatetest.Request("GET", "/", "user-agent", "curl/8")
	reply, err := filter{}.OnRequest(request)
	if reply != nil || err != nil || request.Header("x-seen-agent") != "curl/8" {
		t.Error(reply, err, request.Fields())
	}
}

func TestTheClientIsToldWhoServedIt(t *testing.T) {
	response := sandgatetest.Response(200)
	reply, err := filter{}.OnResponse(response)
	if reply != nil || err != nil || response.Header("x-served-by") != "{{name}}" {
		t.Error(reply, err, response.Fields())
	}
}
