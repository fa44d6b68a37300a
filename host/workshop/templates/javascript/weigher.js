// A balancing policy: the slower an endpoint answers, the fewer requests it gets.

/** @type {number[]} */
let weights = [];

/** @param {import("@sandgate/sdk").Endpoint[]} endpoints */
export function onEndpoints(endpoints) {
  weights = endpoints.map(({ weight }) => weight);
}

/**
 * @param {import("@sandgate/sdk").Loads} loads
 * @returns {number[]}
 */
export function weigh({ latencyUs }) {
  const fastest = Math.min(...latencyUs.filter((latency) => latency > 0));
  // Of one that has not answered yet nothing speaks against it.
  return weights.map((weight, at) => (latencyUs[at] > 0 ? (weight * fastest) / latencyUs[at] : weight));
}
