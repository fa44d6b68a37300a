// A filter that tells the upstream what the client runs, and the client who served it.

import type { Request, Response, Verdict } from "@sandgate/sdk";

export function onRequest(request: Request): Verdict {
  request.setHeader("x-seen-agent", request.header("user-agent") ?? "");
}

export function onResponse(response: Response): Verdict {
  response.setHeader("x-served-by", "{{name}}");
}
