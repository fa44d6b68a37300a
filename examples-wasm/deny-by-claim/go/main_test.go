package main

import (
	"encoding/base64"
	"testing"

	"sandgate/sdk/sandgatetest"
)

func TestATokenEndsWhenItsTimeIsOver(t *testing.T) {
	state, filter := sandgatetest.Reset(), denyByClaim{Claim: "role", Allow: []string{"admin"}}
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"ann","role":"admin","exp":10}`))
	request := sandgatetest.Request("GET", "/", "authorization", "Bearer e30."+payload+".c2ln")
	state.Wall = 9_999
	if reply, err := filter.OnRequest(request); reply != nil || err != nil || request.Header("x-subject") != "ann" {
		t.Error(reply, err)
	}
	state.Wall = 10_000
	if reply, _ := filter.OnRequest(request); reply == nil || reply.Status != 401 {
		t.Error(reply)
	}
}

func TestWhatIsNoTokenIsRefused(t *testing.T) {
	for _, token := range []string{"", "a.b", "e30.e+.c2ln", "e30.WzFd.c2ln", "e30.bnVsbA.c2ln"} {
		if claims, found := read(token); found {
			t.Error(token, claims)
		}
	}
}
