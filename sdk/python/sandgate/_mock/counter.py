"""`counter`, in a dictionary."""

from . import state


def add(key: str, by: int) -> int:
    state.counters[key] = state.counters.get(key, 0) + by
    return state.counters[key]


def get(key: str) -> int | None:
    return state.counters.get(key)


def delete(key: str) -> bool:
    return state.counters.pop(key, None) is not None
