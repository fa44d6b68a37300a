// A balancing policy: of the endpoints that can be used, the one with the fewest requests under way.
package main

import "sandgate/sdk"

type picker struct{}

func (picker) OnEndpoints([]sandgate.Endpoint) {}

func (picker) Pick(among sandgate.Candidates) []uint32 {
	if len(among.Usable) == 0 {
		return nil
	}
	best := among.Usable[0]
	for _, at := range among.Usable {
		if among.Active[at] < among.Active[best] {
			best = at
		}
	}
	return []uint32{best}
}

func init() { sandgate.Handle(picker{}) }

func main() {}
