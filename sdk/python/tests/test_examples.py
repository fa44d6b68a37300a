"""The examples, without WebAssembly and without a proxy. What they must do in every language is in their cases.yaml."""

import base64
import sys
import unittest
from importlib import import_module
from pathlib import Path
from types import ModuleType

from sandgate import Attempts, Candidates, Endpoint, Loads, Reply, ToRoute, UpstreamFailure, testing

EXAMPLES = Path(__file__).resolve().parents[3] / "examples-wasm"


def example(name: str) -> ModuleType:
    folder = str(EXAMPLES / name / "python")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return import_module(name.replace("-", "_"))


class Tests(unittest.TestCase):
    def setUp(self) -> None:
        testing.reset()

    def test_add_header_tells_the_upstream_the_agent_and_the_client_who_served_it(self) -> None:
        plugin = example("add-header")
        request, response = testing.request(headers={"user-agent": "curl/8"}), testing.response()
        plugin.on_request(request)
        plugin.on_response(response)
        self.assertEqual((request.header("x-seen-agent"), response.header("x-served-by")), ("curl/8", "sandgate"))

    def test_canary_router_sends_a_tenth_of_the_clients_to_the_canary(self) -> None:
        plugin = example("canary-router")
        plugin.configure({"percent": 10, "back": "all"})
        decide = lambda at: plugin.route(testing.request(headers={"x-client-id": f"client-{at}"}))
        self.assertIn(sum(decide(at) == "canary" for at in range(1000)), range(70, 130))
        testing.set_exchange(route="canary")
        self.assertEqual(plugin.reroute(UpstreamFailure("next", "connect_failed", 1, True)), ToRoute("all"))
        with self.assertRaisesRegex(ValueError, "percent is 101"):
            plugin.configure({"percent": 101})

    def test_deny_by_claim_ends_a_token_when_its_time_is_over(self) -> None:
        plugin = example("deny-by-claim")
        plugin.configure({"claim": "role", "allow": ["admin"]})
        payload = base64.urlsafe_b64encode(b'{"sub":"ann","role":"admin","exp":10}').decode().rstrip("=")
        request = testing.request(headers={"authorization": f"Bearer e30.{payload}.c2ln"})
        testing.set_clock(wall=9_999)
        self.assertIsNone(plugin.on_request(request))
        testing.set_clock(wall=10_000)
        self.assertEqual(plugin.on_request(request).status, 401)

    def test_latency_weigher_counts_failures_since_the_last_time_only(self) -> None:
        plugin = example("latency-weigher")
        plugin.on_endpoints([Endpoint("http://192.0.2.1", weight) for weight in (1, 1, 2)])
        weigh = lambda latency, failures: plugin.weigh(Loads([0, 0, 0], latency, failures))
        self.assertEqual(weigh([1000.0, 2000.0, 1000.0], [7, 0, 0]), [1, 0.5, 2])
        self.assertEqual(weigh([1.0, 1.0, 1.0], [7, 1, 2]), [1, 0.5, 0.5])
        self.assertEqual(weigh([0.0, 0.0, 0.0], [7, 1, 2]), [1, 1, 2])

    def test_rewrite_json_body_hides_fields_and_refuses_what_is_no_json(self) -> None:
        plugin = example("rewrite-json-body")
        plugin.configure({"set": {"tenant": "acme"}, "hide": ["password"]})
        response = testing.response(headers={"content-type": "application/json"})
        self.assertEqual(plugin.on_response_body(response, b'{"a":[{"password":1,"b":2}]}'), '{"a":[{"b":2}]}')
        self.assertIsNone(plugin.on_response_body(response, b'{"a":1}'))
        request = testing.request(headers={"content-type": "application/json"})
        for body in [b"[1]", b'{"a":NaN}', b"{"]:
            self.assertIsInstance(plugin.on_request_body(request, body), Reply)

    def test_sticky_picker_puts_an_endpoint_last_that_keeps_failing(self) -> None:
        plugin = example("sticky-picker")
        plugin.configure({"cookie": "session"})
        plugin.on_endpoints([Endpoint(f"http://192.0.2.{at}") for at in range(3)])
        every = Candidates([0, 1, 2], [], [0, 0, 0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0])
        self.assertIsNone(plugin.pick(every))
        testing.set_request_header("cookie", "a=1; session=x")
        first = plugin.pick(every)[0]
        plugin.on_outcomes(Attempts([first] * 3, [503, 0, 502], [1.0] * 3))
        self.assertEqual(plugin.pick(every)[2], first)
        testing.set_clock(monotonic=5_000_000_000)
        self.assertEqual(plugin.pick(every)[0], first)


if __name__ == "__main__":
    unittest.main()
