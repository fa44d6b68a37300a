"""A balancing policy: the slower an endpoint answers, the fewer requests it gets."""

from sandgate import Endpoint, Loads

weights: list[int] = []


def on_endpoints(endpoints: list[Endpoint]) -> None:
    weights[:] = [endpoint.weight for endpoint in endpoints]


def weigh(loads: Loads) -> list[float]:
    fastest = min((latency for latency in loads.latency_us if latency > 0), default=0)
    # Of one that has not answered yet nothing speaks against it.
    parts = (fastest / latency if latency > 0 else 1.0 for latency in loads.latency_us)
    return [weight * part for weight, part in zip(weights, parts, strict=True)]
