"""A router: a part of the clients gets the route `canary`, the others what the route table says.

Who sends `x-canary: 1` gets it for certain. Of all others the settings name a share, and a client's identifier decides: the
same client always gets the same answer. What the canary can't answer, the route `back` does.
"""

from dataclasses import dataclass
from typing import Any

from sandgate import Decision, Description, Detour, Request, ToRoute, UpstreamFailure, exchange

#: The header that asks for the canary.
ASKED_BY = "x-canary"
#: The route it gets.
ROUTE = "canary"


@dataclass
class Settings:
    """The plugin's settings."""

    #: Of a hundred clients, how many get the canary.
    percent: int = 0
    #: The header, or else the cookie, that tells clients apart.
    client: str = "x-client-id"
    #: The route whose upstream answers where the canary's can't; none if it is empty.
    back: str = ""


settings = Settings()


def describe() -> Description:
    return Description("canary-router", "0.1.0", "Sends a part of the clients to the route canary.")


def configure(given: dict[str, Any]) -> None:
    global settings
    settings = Settings(**given)
    if not 0 <= settings.percent <= 100:
        raise ValueError(f"percent is {settings.percent}: it must be 0 to 100")


def route(request: Request) -> Decision:
    why = reason(request)
    if why is None:
        return None
    exchange.note("canary", why)
    return ROUTE


def reroute(failure: UpstreamFailure) -> Detour:
    if exchange.route() != ROUTE or not settings.back:
        return None
    exchange.note("canary", "back")
    return ToRoute(settings.back)


def reason(request: Request) -> str | None:
    """Why the request gets the canary, if it does."""
    if request.header(ASKED_BY) == "1":
        return "asked"
    if settings.percent == 0:
        return None
    client = request.header(settings.client)
    if client is None:
        client = cookie(request.header("cookie") or "", settings.client)
    return "share" if client is not None and bucket(client) < settings.percent else None


def cookie(header: str, name: str) -> str | None:
    """The value of a cookie (RFC 6265 section 4.2.1)."""
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    return next((value for key, equals, value in pairs if key == name and equals), None)


def bucket(client: str) -> int:
    """A number from 0 to 99, always the same for the same client and evenly spread over all."""
    mask = (1 << 64) - 1
    # FNV-1a, with its bits mixed at the end so that the low ones depend on all.
    number = 0xCBF29CE484222325
    for byte in client.encode():
        number = ((number ^ byte) * 0x0100000001B3) & mask
    return (((number ^ (number >> 32)) * 0x9E3779B97F4A7C15 & mask) >> 32) % 100
