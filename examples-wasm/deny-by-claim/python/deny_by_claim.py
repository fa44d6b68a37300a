"""A filter that lets a request pass if a claim of its token (RFC 7519) has one of the right values.

It reads tokens and verifies no signature: it is for tokens that somebody before it has verified, or for denying early what the
upstream would deny as well.
"""

import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Any

from sandgate import Description, Reply, Request, Verdict, clock

#: Where the upstream is told the token's subject.
SUBJECT = "x-subject"
#: base64url without padding (RFC 7515 section 2).
BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


@dataclass
class Settings:
    """The plugin's settings: the claim that is looked at, and the values that may pass."""

    claim: str
    allow: list[str]


settings: Settings


def describe() -> Description:
    return Description("deny-by-claim", "0.1.0", "Denies requests whose token does not have the right claim.")


def configure(given: dict[str, Any]) -> None:
    global settings
    settings = Settings(**given)
    if not settings.allow:
        raise ValueError("allow must name at least one value")


def on_request(request: Request) -> Verdict:
    token = bearer(request.header("authorization") or "")
    if token is None:
        return refused(401, "a bearer token is needed\n", "Bearer")
    claims = read(token)
    if claims is None:
        return unreadable("the token can't be read\n")
    end = claims.get("exp")
    if isinstance(end, (int, float)) and end * 1000 <= clock.wall():
        return unreadable("the token has expired\n")
    claim = claims.get(settings.claim)
    values = claim if isinstance(claim, list) else [claim]
    if not any(isinstance(value, str) and value in settings.allow for value in values):
        return refused(403, f"{settings.claim} must be one of {', '.join(settings.allow)}\n")
    if isinstance(claims.get("sub"), str):
        request.set_header(SUBJECT, claims["sub"])
    else:
        request.remove_header(SUBJECT)
    return None


def bearer(authorization: str) -> str | None:
    """The token of an Authorization field (RFC 6750 section 2.1)."""
    scheme, space, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and space else None


def read(token: str) -> dict[str, Any] | None:
    """The claims of a token (RFC 7515 section 3.1), if they are an object."""
    parts = token.split(".")
    if len(parts) != 3 or not BASE64URL.fullmatch(parts[1]):
        return None
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return claims if isinstance(claims, dict) else None


def unreadable(body: str) -> Reply:
    return refused(401, body, 'Bearer error="invalid_token"')


def refused(status: int, body: str, challenge: str | None = None) -> Reply:
    """What a client is told (RFC 6750 section 3)."""
    headers = {"content-type": "text/plain"}
    if challenge is not None:
        headers["www-authenticate"] = challenge
    return Reply(status, headers, body)
