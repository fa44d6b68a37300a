// A balancing policy: the slower an endpoint answers, the fewer requests it gets.

import type { Endpoint, Loads } from "@sandgate/sdk";

let weights: number[] = [];

export function onEndpoints(endpoints: Endpoint[]): void {
  weights = endpoints.map(({ weight }) => weight);
}

export function weigh({ latencyUs }: Loads): number[] {
  const fastest = Math.min(...latencyUs.filter((latency) => latency > 0));
  // Of one that has not answered yet nothing speaks against it.
  return weights.map((weight, at) => (latencyUs[at] > 0 ? (weight * fastest) / latencyUs[at] : weight));
}
