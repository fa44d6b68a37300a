import unittest

import plugin
from sandgate import Candidates


def among(usable: list[int], active: list[int]) -> Candidates:
    return Candidates(usable=usable, tried=[], active=active, weight=[1.0] * len(active), latency_us=[0.0] * len(active))


class ThePicker(unittest.TestCase):
    def test_takes_the_idlest_of_those_that_can_be_used(self) -> None:
        self.assertEqual(plugin.pick(among([0, 1], [4, 2, 0])), 1)

    def test_lets_the_host_choose_where_none_can_be_used(self) -> None:
        self.assertIsNone(plugin.pick(among([], [0])))
