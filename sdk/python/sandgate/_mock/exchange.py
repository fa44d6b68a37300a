"""`exchange`, as a test has set it."""

from collections.abc import Callable
from typing import Any

from . import state


def request_header(name: str) -> bytes | None:
    value = state.headers.get(name.lower())
    return None if value is None else value.encode()


def request_cookie(name: str) -> str | None:
    pairs = (pair.strip().partition("=") for pair in state.headers.get("cookie", "").split(";"))
    return next((value for key, _, value in pairs if key == name), None)


def note(name: str, value: str) -> bool:
    state.notes[name] = value
    return True


def noted(name: str) -> str | None:
    return state.notes.get(name)


def __getattr__(name: str) -> Callable[[], Any]:
    if name.startswith("__"):
        raise AttributeError(name)
    return lambda: state.facts.get(name)
