"""The smallest filter that does something both ways."""

from sandgate import Request, Response


def on_request(request: Request) -> None:
    request.set_header("x-seen-agent", request.header("user-agent") or "")


def on_response(response: Response) -> None:
    response.set_header("x-served-by", "sandgate")
