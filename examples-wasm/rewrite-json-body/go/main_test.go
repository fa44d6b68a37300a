package main

import (
	"testing"

	"sandgate/sdk/sandgatetest"
)

func TestFieldsStayInTheirOrder(t *testing.T) {
	var filter rewriteJSON
	if err := filter.Configure([]byte(`{"set":{"tenant":"acme"}}`)); err != nil {
		t.Fatal(err)
	}
	request := sandgatetest.Request("POST", "/", "content-type", "application/json")
	for body, expected := range map[string]string{
		`{"b":1.50,"a":[],"tenant":{}}`: `{"b":1.50,"a":[],"tenant":"acme"}`,
		`{}`:                            `{"tenant":"acme"}`,
	} {
		verdict, err := filter.OnRequestBody(request, []byte(body))
		if replaced, _ := verdict.Replaced(); string(replaced) != expected || err != nil {
			t.Error(string(replaced), expected, err)
		}
	}
	for _, body := range []string{`[1]`, `{`, `{} x`, ``} {
		if verdict, _ := filter.OnRequestBody(request, []byte(body)); verdict.Reply() == nil {
			t.Error(body)
		}
	}
}

func TestHiddenFieldsAreTakenOutWhereverTheyAre(t *testing.T) {
	filter, response := rewriteJSON{Hide: []string{"password"}}, sandgatetest.Response(200, "content-type", "application/json")
	verdict, err := filter.OnResponseBody(response, []byte(`{"a":[{"password":1,"b":2}],"password":{}}`))
	if replaced, _ := verdict.Replaced(); string(replaced) != `{"a":[{"b":2}]}` || err != nil {
		t.Error(string(replaced), err)
	}
}
