import unittest

import plugin
from sandgate import Endpoint, Loads


class TheWeigher(unittest.TestCase):
    def test_gives_half_the_weight_for_half_the_speed_and_leaves_those_that_have_not_answered(self) -> None:
        plugin.on_endpoints([Endpoint("a", 1), Endpoint("b", 4), Endpoint("c", 3)])
        loads = Loads(active=[0, 0, 0], latency_us=[100.0, 200.0, 0.0], failures=[0, 0, 0])
        self.assertEqual(plugin.weigh(loads), [1, 2, 3])
