// A balancing policy: of the endpoints that can be used, the one with the fewest requests under way.

import type { Candidates, Choice } from "@sandgate/sdk";

export function pick({ usable, active }: Candidates): Choice {
  return usable.reduce((best, at) => (active[at] < active[best] ? at : best), usable[0]);
}
