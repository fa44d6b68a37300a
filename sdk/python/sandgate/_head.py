"""Heads of requests and responses, over the resources of the contract."""

from typing import Any

from ._failure import HeaderError, asking

Value = str | bytes | int


def to_bytes(value: Value) -> bytes:
    """The bytes of a header's value, or of a body: text is written in UTF-8."""
    return value if isinstance(value, bytes) else str(value).encode()


def to_text(value: bytes) -> str:
    """Bytes as text, with U+FFFD for what is no UTF-8."""
    return value.decode(errors="replace")


class _Head:
    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def header(self, name: str) -> str | None:
        """The first value of a field, whatever its name's case; bytes that are no UTF-8 are U+FFFD."""
        value = self._handle.header(name)
        return None if value is None else to_text(value)

    def header_bytes(self, name: str) -> bytes | None:
        """The first value of a field as it is."""
        return self._handle.header(name)

    def fields(self) -> list[tuple[str, str]]:
        """All fields in one call, their names in lower case."""
        return [(name, to_text(value)) for name, value in self._handle.fields()]

    def set_header(self, name: str, value: Value) -> None:
        """Sets a field: all values it had are replaced. Raises a `HeaderError` if it may not be set."""
        with asking(HeaderError):
            self._handle.set_header(name, to_bytes(value))

    def append_header(self, name: str, value: Value) -> None:
        """Adds a value to a field and keeps those it has."""
        with asking(HeaderError):
            self._handle.append_header(name, to_bytes(value))

    def remove_header(self, name: str) -> None:
        """Removes all values of a field. Removing what is not there succeeds."""
        with asking(HeaderError):
            self._handle.remove_header(name)


class Request(_Head):
    """The head of the request, as the upstream will get it. It is void when the hook is over."""

    @property
    def method(self) -> str:
        """The method, as `GET`."""
        return self._handle.method()

    @property
    def path(self) -> str:
        """Path and query as they came. Setting it does not change the route, but in `route`."""
        return self._handle.path()

    @path.setter
    def path(self, path: str) -> None:
        with asking(HeaderError):
            self._handle.set_path(path)

    @property
    def authority(self) -> str:
        """Host and port the client asked for; what is set is what the upstream is told in Host."""
        return self._handle.authority()

    @authority.setter
    def authority(self, authority: str) -> None:
        with asking(HeaderError):
            self._handle.set_authority(authority)


class Response(_Head):
    """The head of the response, as the client will get it. It is void when the hook is over."""

    @property
    def status(self) -> int:
        """The status code, 200 to 599. A change to or from 204 or 304 is refused."""
        return self._handle.status()

    @status.setter
    def status(self, status: int) -> None:
        with asking(HeaderError):
            self._handle.set_status(status)
