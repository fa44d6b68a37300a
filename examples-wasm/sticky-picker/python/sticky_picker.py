"""A balancing policy: whoever shows the same cookie or header comes to the same endpoint, as long as that answers.

Each endpoint has a score for each key (weighted rendezvous hashing), and the highest one wins. What is given is a ranking: the
host's retries follow it without asking again. An endpoint that failed three times in a row is put last for five seconds.
"""

import math
from dataclasses import dataclass
from typing import Any

from sandgate import Attempts, Candidates, Choice, Description, Endpoint, clock, exchange

#: How many endpoints are ranked: as many as the retries of a route usually come to.
RANKED = 3
#: So many failures in a row put an endpoint last.
TROUBLE = 3
#: For how long, in nanoseconds.
REST = 5_000_000_000
MASK = (1 << 64) - 1


@dataclass
class Known:
    """What is known of an endpoint."""

    #: What its address comes to.
    seed: int
    #: Failures in a row.
    failures: int = 0
    #: Until when it is put last.
    rests_until: int = 0


#: Whose value is the key: `{"cookie": NAME}` or `{"header": NAME}`.
settings: dict[str, str] = {}
known: list[Known] = []


def describe() -> Description:
    return Description("sticky-picker", "0.1.0", "Brings whoever shows the same cookie or header back to the same endpoint.")


def configure(given: dict[str, Any]) -> None:
    global settings
    unknown = [name for name in given if name not in ("cookie", "header")]
    if unknown:
        raise ValueError(f"unknown variant `{unknown[0]}`, expected `cookie` or `header`")
    if len(given) != 1:
        raise ValueError("expected one of `cookie` and `header`")
    settings = given


def on_endpoints(endpoints: list[Endpoint]) -> None:
    known[:] = [Known(hashed(0, endpoint.address)) for endpoint in endpoints]


def pick(among: Candidates) -> Choice:
    key = exchange.request_cookie(settings["cookie"]) if "cookie" in settings else exchange.request_header(settings["header"])
    if key is None:
        return None
    now = clock.monotonic()

    def rank(at: int) -> tuple[bool, float]:
        # Those that rest last, and the highest score first.
        return known[at].rests_until > now, -weighted(hashed(known[at].seed, key), among.weight[at])

    return sorted(among.usable, key=rank)[:RANKED]


def on_outcomes(attempts: Attempts) -> None:
    now = clock.monotonic()
    for at, status in zip(attempts.endpoint, attempts.status, strict=True):
        endpoint = known[at]
        endpoint.failures = endpoint.failures + 1 if is_failure(status) else 0
        if endpoint.failures >= TROUBLE:
            endpoint.failures, endpoint.rests_until = 0, now + REST


def is_failure(status: int) -> bool:
    """No answer, or one that says that the endpoint can't."""
    return status == 0 or 502 <= status <= 504


def hashed(seed: int, text: str) -> int:
    """FNV-1a, with the bits mixed at the end (as murmur3 does) so that similar keys differ everywhere."""
    number = seed ^ 0xCBF29CE484222325
    for byte in text.encode():
        number = ((number ^ byte) * 0x0100000001B3) & MASK
    number = ((number ^ (number >> 33)) * 0xFF51AFD7ED558CCD) & MASK
    number = ((number ^ (number >> 33)) * 0xC4CEB9FE1A85EC53) & MASK
    return number ^ (number >> 33)


def weighted(number: int, weight: float) -> float:
    """A score that is the highest of several in proportion to their weights."""
    unit = ((number >> 11) + 0.5) / (1 << 53)
    return -weight / math.log(unit)
