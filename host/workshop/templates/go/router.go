// A router that sends who asks for it to the route "next", and all others where the route table says.
package main

import "sandgate/sdk"

type router struct{}

func (router) Route(request *sandgate.Request) (sandgate.Decision, error) {
	if _, asked := request.LookupHeader("x-next"); asked {
		return sandgate.ToRoute("next"), nil
	}
	return sandgate.Table(), nil
}

func init() { sandgate.Handle(router{}) }

func main() {}
