// A balancing policy: of the endpoints that can be used, the one with the fewest requests under way.

/**
 * @param {import("@sandgate/sdk").Candidates} among
 * @returns {import("@sandgate/sdk").Choice}
 */
export function pick({ usable, active }) {
  return usable.reduce((best, at) => (active[at] < active[best] ? at : best), usable[0]);
}
