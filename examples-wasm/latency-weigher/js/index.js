// A weigher: the slower an endpoint answers, and the more it has failed of late, the fewer requests it gets.

const settings = {
  /** The least part of its configured weight that an endpoint has. */
  least: 0.1,
  /** What is left of its weight for each failure since it was last asked. */
  failure_costs: 0.5,
};

/** @type {number[]} */
let weights = [];
/** Failures that were there when it was last asked. @type {number[]} */
let before = [];

/** @param {Partial<typeof settings>} given */
export function configure(given) {
  const unknown = Object.keys(given).find((key) => !(key in settings));
  if (unknown !== undefined) throw new Error(`unknown field \`${unknown}\``);
  Object.assign(settings, given);
  if (!Object.values(settings).every((part) => part >= 0 && part <= 1)) {
    throw new Error("least and failure_costs must be 0 to 1");
  }
}

/** @param {import("@sandgate/sdk").Endpoint[]} endpoints */
export function onEndpoints(endpoints) {
  weights = endpoints.map(({ weight }) => weight);
}

/** @param {import("@sandgate/sdk").Loads} loads */
export function weigh({ latencyUs, failures }) {
  const fastest = Math.min(...latencyUs.filter((latency) => latency > 0));
  const part = (/** @type {number} */ at) => {
    // Of one that has not answered yet nothing speaks against it.
    const byLatency = latencyUs[at] > 0 ? fastest / latencyUs[at] : 1;
    const since = failures[at] - (before[at] ?? failures[at]);
    return Math.max(byLatency * settings.failure_costs ** since, settings.least);
  };
  const answer = weights.map((weight, at) => weight * part(at));
  before = failures;
  return answer;
}
