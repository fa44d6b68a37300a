"""`rate-limit`, as a test says."""

from typing import Any, NamedTuple

from . import state


class Bucket(NamedTuple):
    burst: int
    refill: int
    period_ms: int


class Answer_Taken(NamedTuple):  # noqa: N801
    value: int


class Answer_Wait(NamedTuple):  # noqa: N801
    value: int


def take(key: str, cost: int, bucket: Bucket) -> Any:
    wait = None if state.rate is None else state.rate(key, cost)
    return Answer_Taken(0) if wait is None else Answer_Wait(wait)
