"""Types of the contract, each a tuple of its name and what is in it."""

from collections.abc import Callable
from typing import Any


class Err(Exception):
    """What generated code raises for the error of a result."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


def refuse(name: str, value: Any = None) -> Err:
    """An error of the contract: a value whose class has its name."""
    return Err(type(name, (), {"value": value})())


def __getattr__(name: str) -> Callable[..., Any]:
    if name.startswith("__"):
        raise AttributeError(name)
    return lambda *parts: (name, *parts)
