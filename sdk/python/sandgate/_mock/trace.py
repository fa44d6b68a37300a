"""`trace`, as a test has set it."""

from enum import Enum

from . import state


class Part(Enum):
    TOTAL = "total"
    QUEUE = "queue"
    CONNECT = "connect"
    FIRST_BYTE = "first-byte"
    UPSTREAM = "upstream"


def trace_id() -> str | None:
    return state.trace.get("id")


def traceparent() -> str | None:
    return state.trace.get("parent")


def took(part: Part) -> int | None:
    return state.trace.get("took", {}).get(part.value)


def attribute(name: str, value: str) -> bool:
    state.notes[name] = value
    return True
