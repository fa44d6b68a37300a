// A filter that tells the upstream what the client runs, and the client who served it.

/**
 * @param {import("@sandgate/sdk").Request} request
 * @returns {import("@sandgate/sdk").Verdict}
 */
export function onRequest(request) {
  request.setHeader("x-seen-agent", request.header("user-agent") ?? "");
}

/**
 * @param {import("@sandgate/sdk").Response} response
 * @returns {import("@sandgate/sdk").Verdict}
 */
export function onResponse(response) {
  response.setHeader("x-served-by", "{{name}}");
}
