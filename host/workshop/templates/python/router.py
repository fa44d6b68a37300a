"""A router that sends who asks for it to the route `next`, and all others where the route table says."""

from sandgate import Decision, Request


def route(request: Request) -> Decision:
    return None if request.header("x-next") is None else "next"
