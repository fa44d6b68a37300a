"""The time."""

from ._host import interface

_host = interface("clock")


def monotonic() -> int:
    """Nanoseconds since an arbitrary instant; never goes back."""
    return _host.monotonic()


def wall() -> int:
    """Milliseconds since 1970; may jump."""
    return _host.wall()
