"""A filter for JSON bodies: it sets fields in those of requests, and takes fields out of those of responses.

What is no JSON passes as it is, but for requests that say they are: those are refused.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from sandgate import BodyVerdict, Description, Reply, Request, Response, log


@dataclass
class Settings:
    """The plugin's settings."""

    #: What the upstream gets in each object that a client sends, whatever the client has written there.
    set: dict[str, Any] = field(default_factory=dict)
    #: Names of fields that clients are not shown, wherever they are.
    hide: list[str] = field(default_factory=list)


settings = Settings()


def describe() -> Description:
    return Description("rewrite-json-body", "0.1.0", "Takes fields out of JSON bodies, and stamps those that are sent on.")


def configure(given: dict[str, Any]) -> None:
    global settings
    settings = Settings(**given)


def on_request(request: Request) -> None:
    # A coded answer could not be read: the upstream is not told that the client would take one.
    request.remove_header("accept-encoding")


def on_request_body(request: Request, body: bytes) -> BodyVerdict:
    if not settings.set or not is_json(request):
        return None
    try:
        value = parsed(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return Reply(400, body="expected a JSON object\n")
    return written(value | settings.set)


def on_response_body(response: Response, body: bytes) -> BodyVerdict:
    if not is_json(response):
        return None
    try:
        value = parsed(body)
    except ValueError:
        log.warn("a response that says it is JSON is none")
        return None
    return written(value) if hide(value) else None


def is_json(head: Request | Response) -> bool:
    """Whether a message with this head has JSON for a body, and that uncoded."""
    if (head.header("content-encoding") or "identity").lower() != "identity":
        return False
    kind = (head.header("content-type") or "").lower().split(";")[0].strip()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def hide(value: Any) -> int:
    """Takes fields out, wherever they are; says how many there were."""
    if isinstance(value, list):
        return sum(hide(inner) for inner in value)
    if not isinstance(value, dict):
        return 0
    hidden = [name for name in value if name in settings.hide]
    for name in hidden:
        del value[name]
    return len(hidden) + sum(hide(inner) for inner in value.values())


def parsed(body: bytes) -> Any:
    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no JSON")

    # Without this Python takes NaN and Infinity, which JSON does not know.
    return json.loads(body, parse_constant=refuse)


def written(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
