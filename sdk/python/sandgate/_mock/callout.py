"""`callout`, as a test says."""

from typing import Any, NamedTuple

from . import state
from .types import refuse


class Question(NamedTuple):
    upstream: str
    method: str
    path: str
    authority: str | None
    fields: list[tuple[str, bytes]]
    body: bytes
    timeout_ms: int | None


class Answer(NamedTuple):
    status: int
    fields: list[tuple[str, bytes]]
    body: bytes


def call(question: Question) -> Any:
    if state.callout is None:
        raise refuse("CalloutError_NotGranted")
    return Answer(*state.callout(question))
