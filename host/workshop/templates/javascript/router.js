// A router that sends who asks for it to the route `next`, and all others where the route table says.

/**
 * @param {import("@sandgate/sdk").Request} request
 * @returns {import("@sandgate/sdk").Decision}
 */
export function route(request) {
  return request.header("x-next") === undefined ? undefined : "next";
}
