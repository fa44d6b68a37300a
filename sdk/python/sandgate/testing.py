"""A host for tests, outside of WebAssembly: heads that are built, facts that are set, and what was logged, noted and counted.

    from sandgate import testing

    request = testing.request(headers={"user-agent": "curl/8"})
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ._head import Request, Response, Value
from ._mock import reset, state
from ._mock.heads import RequestHandle, ResponseHandle

__all__ = ["reset", "request", "response"]

Headers = Mapping[str, Value | Sequence[Value]]


def request(method: str = "GET", path: str = "/", authority: str = "test.example", headers: Headers | None = None) -> Request:
    """A request; what may not be set is refused as by the host."""
    return Request(RequestHandle(method, path, authority, headers or {}))


def response(status: int = 200, headers: Headers | None = None) -> Response:
    """A response."""
    return Response(ResponseHandle(status, headers or {}))


def set_exchange(**facts: Any) -> None:
    """Sets facts of the exchange: `set_exchange(route="blog")`."""
    state.facts.update(facts)


def set_request_header(name: str, value: str) -> None:
    """Sets a field of the request for hooks that are not given it."""
    state.headers[name.lower()] = value


def set_clock(monotonic: int = 0, wall: int = 0) -> None:
    """Sets the clocks, which stand still: nanoseconds and milliseconds."""
    state.monotonic, state.wall = monotonic, wall


def set_trace(**facts: Any) -> None:
    """Sets the trace: `id`, `parent`, `took`."""
    state.trace.update(facts)


def answer_rate_limit(answer: Callable[[str, int], int | None]) -> None:
    """Says after how many milliseconds tokens are there; at first, and for none, they always are."""
    state.rate = answer


def answer_callout(answer: Callable[[Any], tuple[int, list[tuple[str, bytes]], bytes]]) -> None:
    """Says what a callout answers; at first none is granted."""
    state.callout = answer


def notes() -> dict[str, str]:
    """The notes of the exchange."""
    return dict(state.notes)


def logged() -> list[tuple[str, str]]:
    """Levels and lines, oldest first."""
    return list(state.logged)


def counted() -> list[tuple[str, tuple[str, ...], float]]:
    """Names, values of labels and numbers of what was counted, oldest first."""
    return list(state.counted)
