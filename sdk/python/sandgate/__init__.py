"""Write Sandgate plugins in Python.

A plugin is a module with functions by the names of hooks. A hook that is not there is not asked and costs nothing.

    from sandgate import Response

    def on_response(response: Response) -> None:
        response.set_header("x-served-by", "sandgate")

=====================================  ==================================  ==================================================
function                               gets                                gives
=====================================  ==================================  ==================================================
``on_request``                         ``Request``                         ``None`` to go on, or a ``Reply``
``on_request_body``                    ``Request``, ``bytes``              ``None`` to keep the body, another one, or a ``Reply``
``on_response``                        ``Response``                        ``None`` to go on, or a ``Reply``
``on_response_body``                   ``Response``, ``bytes``             ``None`` to keep the body, another one, or a ``Reply``
``on_log``                             ``Outcome``
``route``                              ``Request``                         ``None`` for the table, a route's name, or a ``Reply``
``reroute``                            ``UpstreamFailure``                 ``None`` for the fallback, ``ToUpstream``, ``ToRoute``, ``Reply``
``on_endpoints`` and ``pick``          ``list[Endpoint]``; ``Candidates``  an index, a ranking, or ``None`` to let the host choose
``on_outcomes``                        ``Attempts``
``on_endpoints`` and ``weigh``         ``list[Endpoint]``; ``Loads``       a weight for each endpoint
``configure``                          the plugin's settings               an exception refuses them with its text
``describe``                                                               a ``Description``
=====================================  ==================================  ==================================================

What a hook may ask is in the modules ``exchange``, ``log``, ``clock``, ``random``, ``trace``; and, where the configuration
grants it, ``kv``, ``counter``, ``rate_limit``, ``metrics`` and ``callout``. A component imports those that the plugin does.

An exception in a hook is a line in the host's log and a trap; the plugin's ``on_failure`` says what becomes of the exchange.
"""

from ._failure import HeaderError, HostError
from ._head import Request, Response
from ._types import (
    Attempts,
    BodyVerdict,
    Candidates,
    Choice,
    Decision,
    Description,
    Detour,
    Endpoint,
    Loads,
    Metric,
    Outcome,
    Reply,
    ToRoute,
    ToUpstream,
    UpstreamFailure,
    Verdict,
)

__all__ = [
    "Attempts",
    "BodyVerdict",
    "Candidates",
    "Choice",
    "Decision",
    "Description",
    "Detour",
    "Endpoint",
    "HeaderError",
    "HostError",
    "Loads",
    "Metric",
    "Outcome",
    "Reply",
    "Request",
    "Response",
    "ToRoute",
    "ToUpstream",
    "UpstreamFailure",
    "Verdict",
]
