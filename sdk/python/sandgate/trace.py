"""The trace that the request is part of, and how long what took."""

from typing import Literal

from ._host import interface

_host = interface("trace")


def trace_id() -> str | None:
    """The trace's identifier; none if the request is part of none."""
    return _host.trace_id()


def traceparent() -> str | None:
    """The field `traceparent` as the upstream gets it."""
    return _host.traceparent()


def took(part: Literal["total", "queue", "connect", "first-byte", "upstream"]) -> int | None:
    """How long a part took, in microseconds; none as long as it is not over."""
    return _host.took(getattr(_host.Part, part.replace("-", "_").upper()))


def attribute(name: str, value: str) -> bool:
    """Keeps an attribute: a note of which no other plugin can take the name."""
    return _host.attribute(name, str(value))
