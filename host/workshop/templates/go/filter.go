// A filter that tells the upstream what the client runs, and the client who served it.
package main

import "sandgate/sdk"

type filter struct{}

func (filter) OnRequest(request *sandgate.Request) (*sandgate.Reply, error) {
	return nil, request.SetHeader("x-seen-agent", request.Header("user-agent"))
}

func (filter) OnResponse(response *sandgate.Response) (*sandgate.Reply, error) {
	return nil, response.SetHeader("x-served-by", "{{name}}")
}

func init() { sandgate.Handle(filter{}) }

func main() {}
