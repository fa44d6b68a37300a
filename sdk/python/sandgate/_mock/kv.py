"""`kv`, in a dictionary; nothing is ever over."""

from typing import NamedTuple

from . import state
from .types import refuse


class Entry(NamedTuple):
    value: bytes
    version: int


class Amount(NamedTuple):
    bytes: int
    quota: int
    keys: int


def get(key: str) -> Entry | None:
    return state.kv.get(key)


def get_many(keys: list[str]) -> list[Entry | None]:
    return [state.kv.get(key) for key in keys[:64]]


def set(key: str, value: bytes, ttl_ms: int | None) -> int:
    if not 0 < len(key.encode()) <= 256:
        raise refuse("KvError_Invalid")
    state.version += 1
    state.kv[key] = Entry(value, state.version)
    return state.version


def compare_and_set(key: str, expected: int | None, value: bytes, ttl_ms: int | None) -> int:
    there = state.kv.get(key)
    if (None if there is None else there.version) != expected:
        raise refuse("KvError_Conflict")
    return set(key, value, ttl_ms)


def delete(key: str) -> bool:
    return state.kv.pop(key, None) is not None


def keys(prefix: str, after: str | None, limit: int) -> list[str]:
    return [key for key in sorted(state.kv) if key.startswith(prefix) and (after is None or key > after)][:limit]


def usage() -> Amount:
    used = sum(len(key.encode()) + len(entry.value) + 128 for key, entry in state.kv.items())
    return Amount(used, 1 << 20, len(state.kv))
