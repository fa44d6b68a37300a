"""Templates: the config files of a peer and the words of its command.

@VAR@ is replaced. A line that begins with @[a,b*]@ is kept for the flavors that match a or b* only,
one with @[!a]@ for all but a; @[a]*10@ keeps it and repeats it ten times.
"""

import re
from fnmatch import fnmatchcase

_MARK = re.compile(r"@\[(!?)([\w*,-]+)\](?:\*(\d+))?@")
_VARIABLE = re.compile(r"@([A-Z0-9]+)@")


def fill(text, flavor, variables):
    """The text as this flavor's subject needs it; an unknown @VAR@ is a mistake in the template."""
    lines = [out for line in text.split("\n") for out in _lines(line, flavor)]
    return _VARIABLE.sub(lambda m: str(variables[m[1]]), "\n".join(lines))


def _lines(line, flavor):
    mark = _MARK.search(line)
    if not mark:
        return [line]
    matches = any(fnmatchcase(flavor, pattern) for pattern in mark[2].split(","))
    if matches == bool(mark[1]):
        return []
    return [line[: mark.start()] + line[mark.end() :]] * int(mark[3] or 1)
