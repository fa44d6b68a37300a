"""The plugin's own metrics, as `describe` declares them. Granted by `grants: { metrics: { series: 100 } }`."""

from collections.abc import Sequence

from ._failure import asking
from ._host import interface

_host = interface("metrics")


def increment(name: str, labels: Sequence[str] = (), by: int = 1) -> None:
    """Adds to a counter. `labels` has a value for each of its labels, in their order."""
    with asking():
        _host.increment(name, list(labels), by)


def set(name: str, labels: Sequence[str], value: float) -> None:  # noqa: A001
    """Sets a gauge."""
    with asking():
        _host.set(name, list(labels), float(value))


def adjust(name: str, labels: Sequence[str], by: float) -> None:
    """Adds to a gauge."""
    with asking():
        _host.adjust(name, list(labels), float(by))


def observe(name: str, labels: Sequence[str], value: float) -> None:
    """Puts a number into a histogram."""
    with asking():
        _host.observe(name, list(labels), float(value))
