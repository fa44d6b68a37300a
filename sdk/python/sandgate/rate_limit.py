"""A bucket of tokens for each key. Granted by `grants: { rate_limit: { keys: 10000 } }`."""

from dataclasses import dataclass

from ._failure import asking
from ._host import interface

_host = interface("rate_limit")


@dataclass
class Bucket:
    """It holds `burst` tokens; `refill` come back in each period."""

    burst: int
    refill: int
    period_ms: int


@dataclass
class Taken:
    """The tokens were there, and so many are left."""

    left: int


@dataclass
class Wait:
    """They were not. After so many milliseconds they are; none for never."""

    ms: int | None


def take(key: str, cost: int, bucket: Bucket) -> Taken | Wait:
    """Takes tokens out of a key's bucket, all or none."""
    with asking():
        answer = _host.take(key, cost, _host.Bucket(bucket.burst, bucket.refill, bucket.period_ms))
    match type(answer).__name__:
        case "Answer_Taken":
            return Taken(answer.value)
        case "Answer_Wait":
            return Wait(answer.value)
        case _:
            return Wait(None)
