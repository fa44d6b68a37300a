"""Values by key that outlive the exchange. Granted by `grants: { kv: { quota: 1MiB } }`."""

from typing import NamedTuple

from ._failure import asking
from ._head import to_bytes
from ._host import interface

_host = interface("kv")


class Entry(NamedTuple):
    """A value, and which one it is."""

    value: bytes
    version: int


class Amount(NamedTuple):
    """How much of the quota is used."""

    bytes: int
    quota: int
    keys: int


def get(key: str) -> Entry | None:
    """The value of a key, or none if there is none or its time is over."""
    return _entry(_host.get(key))


def get_many(keys: list[str]) -> list[Entry | None]:
    """The values of at most 64 keys, in their order."""
    return [_entry(entry) for entry in _host.get_many(keys)]


def set(key: str, value: str | bytes, ttl_ms: int | None = None) -> int:  # noqa: A001
    """Sets a value, and gives its version."""
    with asking():
        return _host.set(key, to_bytes(value), ttl_ms)


def compare_and_set(key: str, expected: int | None, value: str | bytes, ttl_ms: int | None = None) -> int:
    """Sets a value if the one that is there has that version, or, for none, if there is none; else `conflict`."""
    with asking():
        return _host.compare_and_set(key, expected, to_bytes(value), ttl_ms)


def delete(key: str) -> bool:
    """Takes a value away; false if there was none."""
    return _host.delete(key)


def keys(prefix: str, after: str | None = None, limit: int = 1000) -> list[str]:
    """Keys that begin so, in the order of their bytes, from the first one after `after`."""
    return _host.keys(prefix, after, limit)


def usage() -> Amount:
    """How much of the quota is used."""
    amount = _host.usage()
    return Amount(amount.bytes, amount.quota, amount.keys)


def _entry(entry: object) -> Entry | None:
    return None if entry is None else Entry(entry.value, entry.version)  # type: ignore[attr-defined]
