"""What hooks are given, and what they give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Union

from ._head import Value


@dataclass
class Reply:
    """A whole answer made by the plugin. The host writes content-length."""

    status: int
    headers: Mapping[str, Value | Sequence[Value]] = field(default_factory=dict)
    body: str | bytes = b""


@dataclass
class ToUpstream:
    """The request goes to the upstream of that name."""

    name: str


@dataclass
class ToRoute:
    """The request goes to the upstream of the route of that name."""

    name: str


Verdict = Reply | None
BodyVerdict = Union[str, bytes, Reply, None]
Decision = Union[str, Reply, None]
Detour = Union[ToUpstream, ToRoute, Reply, None]
Choice = Union[int, list[int], None]


@dataclass
class Outcome:
    """What became of an exchange. `status` is 0 when the client got none."""

    status: int
    fault: str | None
    duration_us: int
    body_bytes: int
    endpoint: str | None


@dataclass
class UpstreamFailure:
    """What has come of a request so far."""

    upstream: str
    fault: str
    attempts: int
    repeatable: bool


@dataclass
class Endpoint:
    """A place a request can go."""

    address: str
    weight: int = 1


@dataclass
class Candidates:
    """What a picker may choose from. All lists but the first two have a number for every endpoint."""

    usable: list[int]
    tried: list[int]
    active: list[int]
    weight: list[float]
    latency_us: list[float]


@dataclass
class Attempts:
    """How attempts ended, each at one index of all lists. `status` is 0 where there was no answer."""

    endpoint: list[int]
    status: list[int]
    latency_us: list[float]


@dataclass
class Loads:
    """What the host knows of an upstream's endpoints: a number for each in each list."""

    active: list[int]
    latency_us: list[float]
    failures: list[int]


@dataclass
class Metric:
    """A metric that the plugin counts, with all values that its labels can have. Only a histogram has `buckets`."""

    name: str
    help: str
    kind: Literal["counter", "gauge", "histogram"] = "counter"
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    buckets: Sequence[float] = ()


@dataclass
class Description:
    """What the plugin says of itself. `settings_schema` is a JSON Schema that the host holds the settings to."""

    name: str
    version: str = "0.0.0"
    summary: str = ""
    metrics: Sequence[Metric] = ()
    settings_schema: Mapping[str, Any] | None = None
