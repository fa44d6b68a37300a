// A router that sends who asks for it to the route `next`, and all others where the route table says.

import type { Decision, Request } from "@sandgate/sdk";

export function route(request: Request): Decision {
  return request.header("x-next") === undefined ? undefined : "next";
}
