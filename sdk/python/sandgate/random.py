"""Numbers that nobody can guess. The standard library's modules of that kind give every instance the same ones."""

from ._host import interface

_host = interface("random")


def bytes(length: int) -> bytes:  # noqa: A001
    """So many bytes, at most 4096."""
    return _host.bytes(length)


def number() -> int:
    """A number of 64 bits."""
    return _host.number()
