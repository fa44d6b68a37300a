"""A balancing policy: of the endpoints that can be used, the one with the fewest requests under way."""

from sandgate import Candidates, Choice


def pick(among: Candidates) -> Choice:
    return min(among.usable, key=lambda at: among.active[at], default=None)
