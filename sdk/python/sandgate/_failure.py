"""What the host answers in place of a result."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class HostError(Exception):
    """The host did not do what it was asked to; ``code`` is the error's name in the contract."""

    def __init__(self, code: str, detail: Any = None) -> None:
        super().__init__(code if detail is None else f"{code}: {detail}")
        self.code = code
        self.detail = detail


class HeaderError(HostError):
    """A head was not changed: ``invalid-name``, ``invalid-value``, ``forbidden``, ``too-many`` or ``other``."""


@contextmanager
def asking(kind: type[HostError] = HostError) -> Iterator[None]:
    """Makes an error of the contract an exception of the SDK."""
    try:
        yield
    except Exception as error:
        # Generated code raises `Err`, whose value's class is named after the error: `KvError_Conflict`.
        value = getattr(error, "value", None)
        name = type(value).__name__.partition("_")[2]
        if not name:
            raise
        code = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
        raise kind(code, getattr(value, "value", None)) from None
