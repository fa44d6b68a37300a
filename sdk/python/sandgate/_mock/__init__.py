"""The host of tests: what it knows, and begins anew with."""

from typing import Any


class State:
    """What the host of tests knows."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {
            "id": "0123456789abcdef0123456789abcdef",
            "client_address": "192.0.2.1:50000",
            "request_path": "/",
            "cpu_left": 10_000,
        }
        self.headers: dict[str, str] = {}
        self.notes: dict[str, str] = {}
        self.logged: list[tuple[str, str]] = []
        self.monotonic = 0
        self.wall = 0
        self.kv: dict[str, Any] = {}
        self.version = 0
        self.counters: dict[str, int] = {}
        self.counted: list[tuple[str, tuple[str, ...], float]] = []
        self.rate: Any = None
        self.callout: Any = None
        self.trace: dict[str, Any] = {}


state = State()


def reset() -> None:
    """Forgets all that was set and seen."""
    state.__init__()  # type: ignore[misc]
