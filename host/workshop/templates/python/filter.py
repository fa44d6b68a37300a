"""A filter that tells the upstream what the client runs, and the client who served it."""

from sandgate import Request, Response, Verdict


def on_request(request: Request) -> Verdict:
    request.set_header("x-seen-agent", request.header("user-agent") or "")
    return None


def on_response(response: Response) -> Verdict:
    response.set_header("x-served-by", "{{name}}")
    return None
