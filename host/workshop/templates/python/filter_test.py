import unittest

import plugin
from sandgate import testing


class TheFilter(unittest.TestCase):
    def test_tells_the_upstream_the_agent(self) -> None:
        request = testing.request(headers={"user-agent": "curl/8"})
        self.assertIsNone(plugin.on_request(request))
        self.assertEqual(request.header("x-seen-agent"), "curl/8")

    def test_tells_the_client_who_served_it(self) -> None:
        response = testing.response()
        self.assertIsNone(plugin.on_response(response))
        self.assertEqual(response.header("x-served-by"), "{{name}}")
