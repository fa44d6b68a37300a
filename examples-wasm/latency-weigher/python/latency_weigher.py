"""A weigher: the slower an endpoint answers, and the more it has failed of late, the fewer requests it gets."""

from dataclasses import dataclass
from typing import Any

from sandgate import Description, Endpoint, Loads


@dataclass
class Settings:
    """The plugin's settings."""

    #: The least part of its configured weight that an endpoint has.
    least: float = 0.1
    #: What is left of its weight for each failure since it was last asked.
    failure_costs: float = 0.5


settings = Settings()
weights: list[int] = []
#: Failures that were there when it was last asked.
before: list[int] = []


def describe() -> Description:
    return Description("latency-weigher", "0.1.0", "Gives slow endpoints less.")


def configure(given: dict[str, Any]) -> None:
    global settings
    settings = Settings(**given)
    if not (0 <= settings.least <= 1 and 0 <= settings.failure_costs <= 1):
        raise ValueError("least and failure_costs must be 0 to 1")


def on_endpoints(endpoints: list[Endpoint]) -> None:
    weights[:] = [endpoint.weight for endpoint in endpoints]


def weigh(loads: Loads) -> list[float]:
    fastest = min((latency for latency in loads.latency_us if latency > 0), default=0)
    earlier = before or loads.failures
    answer = []
    for weight, latency, failures, known in zip(weights, loads.latency_us, loads.failures, earlier, strict=True):
        # Of one that has not answered yet nothing speaks against it.
        by_latency = fastest / latency if latency > 0 else 1.0
        part = by_latency * settings.failure_costs ** (failures - known)
        answer.append(weight * max(part, settings.least))
    before[:] = loads.failures
    return answer
