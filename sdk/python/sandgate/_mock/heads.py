"""The resources `request` and `response`, under the host's rules."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._head import Value, to_bytes
from .types import refuse

RESERVED = {"connection", "content-length", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}")
CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
MOST = 128


class _Fields:
    def __init__(self, headers: Mapping[str, Value | Sequence[Value]]) -> None:
        self.all: list[tuple[str, bytes]] = []
        for name, values in headers.items():
            for value in values if isinstance(values, (list, tuple)) else [values]:
                self.all.append((name.lower(), to_bytes(value)))  # type: ignore[arg-type]

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.is_given_back = True

    def header(self, name: str) -> bytes | None:
        return next((value for own, value in self.all if own == name.lower()), None)

    def fields(self) -> list[tuple[str, bytes]]:
        return list(self.all)

    def set_header(self, name: str, value: bytes) -> None:
        _check(name, value)
        if self.header(name) is None and len(self.all) >= MOST:
            raise refuse("HeaderError_TooMany")
        self._drop(name)
        self.all.append((name.lower(), value))

    def append_header(self, name: str, value: bytes) -> None:
        _check(name, value)
        if len(self.all) >= MOST:
            raise refuse("HeaderError_TooMany")
        self.all.append((name.lower(), value))

    def remove_header(self, name: str) -> None:
        _check(name, b"")
        self._drop(name)

    def _drop(self, name: str) -> None:
        self.all = [(own, value) for own, value in self.all if own != name.lower()]


class RequestHandle(_Fields):
    def __init__(self, method: str, path: str, authority: str, headers: Mapping[str, Any]) -> None:
        super().__init__(headers)
        self.line = {"method": method, "path": path, "authority": authority}

    def method(self) -> str:
        return self.line["method"]

    def path(self) -> str:
        return self.line["path"]

    def set_path(self, path: str) -> None:
        if not path.startswith("/"):
            raise refuse("HeaderError_InvalidValue")
        self.line["path"] = path

    def authority(self) -> str:
        return self.line["authority"]

    def set_authority(self, authority: str) -> None:
        if authority == "" or "/" in authority:
            raise refuse("HeaderError_InvalidValue")
        self.line["authority"] = authority


class ResponseHandle(_Fields):
    def __init__(self, status: int, headers: Mapping[str, Any]) -> None:
        super().__init__(headers)
        self.code = status

    def status(self) -> int:
        return self.code

    def set_status(self, status: int) -> None:
        bodiless = (204, 304)
        if not 200 <= status <= 599 or (status in bodiless) != (self.code in bodiless):
            raise refuse("HeaderError_InvalidValue")
        self.code = status


def _check(name: str, value: bytes) -> None:
    if not TOKEN.fullmatch(name):
        raise refuse("HeaderError_InvalidName")
    if name.lower() in RESERVED:
        raise refuse("HeaderError_Forbidden")
    if len(value) > 16384 or CONTROL.search(value):
        raise refuse("HeaderError_InvalidValue")
