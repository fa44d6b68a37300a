"""The exchange that the plugin is working for: one request and its response, with all that is known about it."""

from ._head import to_text
from ._host import interface

_host = interface("exchange")


def id() -> str:
    """The exchange's identifier, the same as in the access log."""
    return _host.id()


def client_address() -> str:
    """The client's address and port."""
    return _host.client_address()


def tls_version() -> str | None:
    """The version of TLS that the client speaks; none if it came in the clear."""
    return _host.tls_version()


def tls_cipher() -> str | None:
    """The cipher suite by its IANA name."""
    return _host.tls_cipher()


def tls_server_name() -> str | None:
    """The name that the client asked for in its handshake."""
    return _host.tls_server_name()


def client_certificate_subject() -> str | None:
    """The subject of the client's certificate, which was verified."""
    return _host.client_certificate_subject()


def client_certificate_fingerprint() -> str | None:
    """SHA-256 of the client's certificate, in hexadecimal."""
    return _host.client_certificate_fingerprint()


def route() -> str | None:
    """The name of the route, or none before routing."""
    return _host.route()


def tenant() -> str | None:
    """The tenant that the route belongs to; none for routes that are nobody's."""
    return _host.tenant()


def request_header(name: str) -> str | None:
    """The first value of a field of the request, for hooks that are not given it."""
    value = _host.request_header(name)
    return None if value is None else to_text(value)


def request_cookie(name: str) -> str | None:
    """The value of the first cookie of that name."""
    return _host.request_cookie(name)


def request_path() -> str:
    """Path and query of the request, as the upstream got it."""
    return _host.request_path()


def deadline_left() -> int | None:
    """How long the exchange may still take, in microseconds."""
    return _host.deadline_left()


def cpu_left() -> int:
    """How much of `limits.cpu` is left, in microseconds."""
    return _host.cpu_left()


def note(name: str, value: str) -> bool:
    """Keeps a note for later hooks and the access log; false if there was no room for all of it."""
    return _host.note(name, str(value))


def noted(name: str) -> str | None:
    """The note of that name."""
    return _host.noted(name)
