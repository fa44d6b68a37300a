"""The SDK without WebAssembly: heads, what hooks may give, and what the host of tests does."""

import unittest
from types import ModuleType

from sandgate import (
    Attempts,
    Candidates,
    Description,
    Endpoint,
    HeaderError,
    HostError,
    Loads,
    Metric,
    Reply,
    ToRoute,
    ToUpstream,
    _glue,
    kv,
    log,
    metrics,
    rate_limit,
    testing,
)
from sandgate._mock.heads import RequestHandle
from sandgate._mock.types import Err


def handle() -> RequestHandle:
    return RequestHandle("GET", "/a", "test.example", {})


def exported(hook: str, **functions: object) -> object:
    plugin = ModuleType("plugin")
    plugin.__dict__.update(functions)
    return _glue.export(hook, plugin)()


class Tests(unittest.TestCase):
    def setUp(self) -> None:
        testing.reset()

    def test_a_header_is_set_added_to_and_removed_whatever_its_names_case(self) -> None:
        request = testing.request(headers={"X-A": ["1", "2"]})
        self.assertEqual(request.header("x-a"), "1")
        request.append_header("X-A", 3)
        self.assertEqual(request.fields(), [("x-a", "1"), ("x-a", "2"), ("x-a", "3")])
        request.set_header("x-A", b"4\xff")
        self.assertEqual(request.header("x-a"), "4\ufffd")
        request.remove_header("x-a")
        self.assertIsNone(request.header("x-a"))

    def test_what_may_not_be_set_raises_with_the_name_of_the_rule(self) -> None:
        request = testing.request()
        for name, value, code in [("a b", "1", "invalid-name"), ("a", "1\n", "invalid-value"), ("Host", "a", "forbidden")]:
            with self.assertRaises(HeaderError) as raised:
                request.set_header(name, value)
            self.assertEqual(raised.exception.code, code)
        with self.assertRaises(HeaderError):
            request.path = "a"
        with self.assertRaises(HeaderError):
            testing.response(200).status = 204

    def test_a_filter_goes_on_or_answers(self) -> None:
        go_on = exported("on-request", on_request=lambda request: None)
        self.assertEqual(go_on.on_request(handle()), ("Verdict_Continue",))
        reply = Reply(403, {"X-A": ["1", 2]}, "no")
        answer = exported("on-request", on_request=lambda request: reply)
        expected = ("Verdict_Reply", ("Reply", 403, [("x-a", b"1"), ("x-a", b"2")], b"no"))
        self.assertEqual(answer.on_request(handle()), expected)

    def test_what_a_hook_may_not_give_is_an_error_and_logged(self) -> None:
        wrong = exported("on-request", on_request=lambda request: 403)
        with self.assertRaises(TypeError):
            wrong.on_request(handle())
        self.assertEqual(testing.logged(), [("error", "TypeError: a hook gives a Reply or None, not int")])

    def test_each_decision_becomes_the_contracts(self) -> None:
        body = lambda value: exported("on-request-body", on_request_body=lambda request, body: value).on_request_body(handle(), b"")
        self.assertEqual([body(None), body("x")], [("BodyVerdict_Keep",), ("BodyVerdict_Replace", b"x")])
        route = lambda value: exported("router", route=lambda request: value).route(handle())
        self.assertEqual([route(None), route("a")], [("Decision_Table",), ("Decision_Route", "a")])
        failure = ModuleType("failure")
        failure.__dict__.update(upstream="a", fault="b", attempts=1, repeatable=True)
        reroute = lambda value: exported("reroute", reroute=lambda failure: value).reroute(failure)
        self.assertEqual(reroute(None), ("Detour_Fallback",))
        self.assertEqual([reroute(ToUpstream("a")), reroute(ToRoute("b"))], [("Detour_ToUpstream", "a"), ("Detour_ToRoute", "b")])

    def test_policies_get_and_give_lists(self) -> None:
        seen = []
        picker = exported("picker", on_endpoints=seen.extend, pick=lambda among: [among.usable[0]])
        picker.on_endpoints([Endpoint("http://192.0.2.1", 2)])
        self.assertEqual(seen, [Endpoint("http://192.0.2.1", 2)])
        self.assertEqual(picker.pick([1], [0], [0, 0], [1.0, 1.0], [0.0, 0.0]), ("Choice_Ranking", [1]))
        exported("on-outcomes", on_outcomes=seen.append).on_outcomes([0], [200], [1.0])
        self.assertEqual(seen[-1], Attempts([0], [200], [1.0]))
        weigher = exported("weigher", weigh=lambda loads: (value for value in loads.latency_us))
        self.assertEqual(weigher.weigh([0], [1.5], [0]), [1.5])
        self.assertEqual(Candidates([], [], [], [], []).usable, Loads([], [], []).active)

    def test_heads_are_given_back_when_the_hook_is_over_also_when_it_fails(self) -> None:
        def fail(request: object) -> None:
            raise ValueError("no")

        request = handle()
        with self.assertRaises(ValueError):
            exported("on-request", on_request=fail).on_request(request)
        self.assertTrue(request.is_given_back)

    def test_settings_are_parsed_and_an_exception_refuses_them_with_its_text(self) -> None:
        def configure(settings: dict[str, int]) -> None:
            if settings != {"a": 1}:
                raise ValueError("a must be 1")

        plugin = exported("plugin", configure=configure)
        plugin.configure('{"a":1}')
        with self.assertRaises(Err) as raised:
            plugin.configure("{}")
        self.assertEqual(raised.exception.value, "a must be 1")

    def test_a_description_tells_metrics_with_their_labels(self) -> None:
        described = Description("a", metrics=[Metric("m", "Help.", "counter", {"l": ["x"]})], settings_schema={"type": "object"})
        plugin = exported("plugin", describe=lambda: described)
        metric = ("Metric", "m", "Help.", ("MetricKind_Counter",), [("MetricLabel", "l", ["x"])])
        self.assertEqual(plugin.describe(), ("Description", "a", "0.0.0", "", [metric], '{"type": "object"}'))

    def test_what_outlives_the_exchange_can_be_tested(self) -> None:
        version = kv.set("a", "1")
        self.assertEqual(kv.get("a"), (b"1", version))
        with self.assertRaises(HostError) as raised:
            kv.compare_and_set("a", None, "2")
        self.assertEqual(raised.exception.code, "conflict")
        self.assertTrue(kv.delete("a"))
        testing.answer_rate_limit(lambda key, cost: 5)
        self.assertEqual(rate_limit.take("a", 1, rate_limit.Bucket(1, 1, 1)), rate_limit.Wait(5))
        metrics.increment("m", ["x"])
        log.warn("odd")
        self.assertEqual(testing.counted(), [("m", ("x",), 1)])
        self.assertEqual(testing.logged(), [("warn", "odd")])

    def test_hooks_are_the_functions_of_their_names(self) -> None:
        plugin = ModuleType("plugin")
        plugin.__dict__.update(on_request=print, configure=print, on_endpoints=print)
        self.assertEqual(_glue.hooks(plugin), ["plugin", "on-request"])


if __name__ == "__main__":
    unittest.main()
