"""HTTP requests to upstreams of the configuration. Granted by `grants: { callout: [NAME] }`."""

from collections.abc import Sequence
from typing import NamedTuple

from ._failure import asking
from ._head import to_bytes, to_text
from ._host import interface

_host = interface("callout")


class Answer(NamedTuple):
    """What comes back, whatever its status."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes


def call(
    upstream: str,
    path: str = "/",
    method: str = "GET",
    fields: Sequence[tuple[str, str | bytes]] = (),
    body: str | bytes = b"",
    authority: str | None = None,
    timeout_ms: int | None = None,
) -> Answer:
    """Sends a question, and waits for the whole answer."""
    lowered = [(name.lower(), to_bytes(value)) for name, value in fields]
    question = _host.Question(upstream, method, path, authority, lowered, to_bytes(body), timeout_ms)
    with asking():
        answer = _host.call(question)
    return Answer(answer.status, [(name, to_text(value)) for name, value in answer.fields], answer.body)
