"""Numbers that all instances of a plugin count together. Granted by `grants: { counter: { keys: 1000 } }`."""

from ._failure import asking
from ._host import interface

_host = interface("counter")


def add(key: str, by: int = 1) -> int:
    """Adds to a counter, and gives what it is then."""
    with asking():
        return _host.add(key, by)


def get(key: str) -> int | None:
    """What a counter is, or none if there is none."""
    return _host.get(key)


def delete(key: str) -> bool:
    """Takes a counter away; false if there was none."""
    return _host.delete(key)
