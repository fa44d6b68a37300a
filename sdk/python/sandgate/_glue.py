"""Between the contract's exports and a plugin's functions. The build names it, plugins don't."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import _host, log
from ._head import Request, Response, to_bytes
from ._types import (
    Attempts,
    Candidates,
    Description,
    Endpoint,
    Loads,
    Outcome,
    Reply,
    ToRoute,
    ToUpstream,
    UpstreamFailure,
)

#: For each interface that a plugin can export: its functions, of which the last decides whether it is there.
EXPORTS = {
    "plugin": ("describe", "configure"),
    "on-request": ("on_request",),
    "on-request-body": ("on_request_body",),
    "on-response": ("on_response",),
    "on-response-body": ("on_response_body",),
    "on-log": ("on_log",),
    "router": ("route",),
    "reroute": ("reroute",),
    "picker": ("on_endpoints", "pick"),
    "on-outcomes": ("on_outcomes",),
    "weigher": ("on_endpoints", "weigh"),
}


def hooks(plugin: ModuleType) -> list[str]:
    """The interfaces that a plugin exports."""

    def is_there(functions: tuple[str, ...]) -> bool:
        # `describe` alone makes a plugin, `on_endpoints` alone no policy.
        deciding = functions if "describe" in functions else functions[-1:]
        return any(callable(getattr(plugin, name, None)) for name in deciding)

    return [hook for hook, functions in EXPORTS.items() if is_there(functions)]


def export(hook: str, plugin: ModuleType) -> type:
    """The class that generated code looks for: a method for each function of an interface."""
    functions = {name: _METHODS[hook, name](getattr(plugin, name, None)) for name in EXPORTS[hook]}
    name = "".join(part.capitalize() for part in hook.split("-"))
    return type(name, (), {name: _method(function) for name, function in functions.items()})


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _self, *parameters: function(*parameters)


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """What goes wrong in a hook is a line in the host's log, and a trap."""

    def call(*parameters: Any) -> Any:
        try:
            return function(*parameters)
        except Exception as error:
            log.error(f"{type(error).__name__}: {error}")
            raise

    return call


def _with_head(kind: type, decide: Callable[[Any], Any]) -> Callable[..., Any]:
    """A head is given back as soon as the hook is over: in a resident instance it would wait for the garbage collector."""

    def made(hook: Callable[..., Any]) -> Callable[..., Any]:
        def call(handle: Any, *parameters: Any) -> Any:
            with handle:
                return decide(hook(kind(handle), *parameters))

        return _guarded(call)

    return made


def _with(kind: type | None, decide: Callable[[Any], Any]) -> Callable[..., Any]:
    def made(hook: Callable[..., Any]) -> Callable[..., Any]:
        return _guarded(lambda *parameters: decide(hook(kind(*parameters) if kind else parameters[0])))

    return made


def _of_record(kind: type) -> Callable[[Any], Any]:
    return lambda record: kind(**{name: getattr(record, name) for name in kind.__dataclass_fields__})


def _verdict(value: Any) -> Any:
    types = _host.interface("types")
    return types.Verdict_Continue() if value is None else types.Verdict_Reply(_reply(value, "a Reply or None"))


def _body_verdict(value: Any) -> Any:
    types = _host.interface("types")
    if value is None:
        return types.BodyVerdict_Keep()
    if isinstance(value, (str, bytes)):
        return types.BodyVerdict_Replace(to_bytes(value))
    return types.BodyVerdict_Reply(_reply(value, "a body, a Reply or None"))


def _decision(value: Any) -> Any:
    types = _host.exported("router")
    if value is None:
        return types.Decision_Table()
    if isinstance(value, str):
        return types.Decision_Route(value)
    return types.Decision_Reply(_reply(value, "a route's name, a Reply or None"))


def _detour(value: Any) -> Any:
    types = _host.exported("reroute")
    if value is None:
        return types.Detour_Fallback()
    if isinstance(value, ToUpstream):
        return types.Detour_ToUpstream(value.name)
    if isinstance(value, ToRoute):
        return types.Detour_ToRoute(value.name)
    return types.Detour_Reply(_reply(value, "ToUpstream, ToRoute, a Reply or None"))


def _choice(value: Any) -> Any:
    types = _host.exported("picker")
    if value is None:
        return types.Choice_Fallback()
    if isinstance(value, int):
        return types.Choice_Endpoint(value)
    return types.Choice_Ranking(list(value))


def _reply(value: Any, expected: str) -> Any:
    if not isinstance(value, Reply):
        raise TypeError(f"a hook gives {expected}, not {type(value).__name__}")
    each = [
        (name.lower(), to_bytes(one))
        for name, values in value.headers.items()
        for one in (values if isinstance(values, (list, tuple)) else [values])
    ]
    return _host.interface("types").Reply(value.status, each, to_bytes(value.body))


def _nothing(_value: Any) -> None:
    return None


def _endpoints(hook: Callable[..., Any] | None) -> Callable[..., Any]:
    made = _of_record(Endpoint)
    return _guarded(lambda endpoints: None if hook is None else _nothing(hook([made(each) for each in endpoints])))


def _record(kind: type, decide: Callable[[Any], Any]) -> Callable[..., Any]:
    made = _of_record(kind)
    return lambda hook: _guarded(lambda record: decide(hook(made(record))))


def _configure(hook: Callable[..., Any] | None) -> Callable[..., Any]:
    def call(settings: str) -> None:
        try:
            if hook is not None:
                hook(json.loads(settings))
        except Exception as error:
            raise _host.interface_error(str(error)) from None

    return call


def _describe(hook: Callable[..., Any] | None) -> Callable[..., Any]:
    return lambda: _description(Description(name="plugin") if hook is None else hook())


def _description(known: Description) -> Any:
    types = _host.exported("plugin")
    metrics = [
        types.Metric(
            each.name,
            each.help,
            types.MetricKind_Histogram(list(each.buckets))
            if each.kind == "histogram"
            else getattr(types, f"MetricKind_{each.kind.capitalize()}")(),
            [types.MetricLabel(name, list(values)) for name, values in each.labels.items()],
        )
        for each in known.metrics
    ]
    schema = None if known.settings_schema is None else json.dumps(known.settings_schema)
    return types.Description(known.name, known.version, known.summary, metrics, schema)


_METHODS: dict[tuple[str, str], Callable[..., Callable[..., Any]]] = {
    ("plugin", "describe"): _describe,
    ("plugin", "configure"): _configure,
    ("on-request", "on_request"): _with_head(Request, _verdict),
    ("on-request-body", "on_request_body"): _with_head(Request, _body_verdict),
    ("on-response", "on_response"): _with_head(Response, _verdict),
    ("on-response-body", "on_response_body"): _with_head(Response, _body_verdict),
    ("on-log", "on_log"): _record(Outcome, _nothing),
    ("router", "route"): _with_head(Request, _decision),
    ("reroute", "reroute"): _record(UpstreamFailure, _detour),
    ("picker", "on_endpoints"): _endpoints,
    ("picker", "pick"): _with(Candidates, _choice),
    ("on-outcomes", "on_outcomes"): _with(Attempts, _nothing),
    ("weigher", "on_endpoints"): _endpoints,
    ("weigher", "weigh"): _with(Loads, list),
}
