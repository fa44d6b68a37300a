// The smallest filter that does something both ways.

/** @param {import("@sandgate/sdk").Request} request */
export function onRequest(request) {
  request.setHeader("x-seen-agent", request.header("user-agent") ?? "");
}

/** @param {import("@sandgate/sdk").Response} response */
export function onResponse(response) {
  response.setHeader("x-served-by", "sandgate");
}
