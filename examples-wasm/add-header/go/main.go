// The smallest filter that does something both ways.
package main

import "sandgate/sdk"

type addHeader struct{}

func (addHeader) OnRequest(request *sandgate.Request) (*sandgate.Reply, error) {
	return nil, request.SetHeader("x-seen-agent", request.Header("user-agent"))
}

func (addHeader) OnResponse(response *sandgate.Response) (*sandgate.Reply, error) {
	return nil, response.SetHeader("x-served-by", "sandgate")
}

func init() { sandgate.Handle(addHeader{}) }

func main() {}
