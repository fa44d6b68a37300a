import unittest

import plugin
from sandgate import testing


class TheRouter(unittest.TestCase):
    def test_gives_the_next_route_to_who_asks_for_it(self) -> None:
        self.assertEqual(plugin.route(testing.request(headers={"x-next": "1"})), "next")
        self.assertIsNone(plugin.route(testing.request()))
