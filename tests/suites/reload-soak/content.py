"""The configuration: two contents that take turns, in a file that a watcher believes to be the same."""

import os

_BASE = """version: 1
server: {{ workers: 2, shutdown_grace: 1s }}
listeners: [{{ name: web, address: "127.0.0.1:0" }}]
log: {{ access: off }}
upstreams:
"""


class Content:
    """A file of so many routes, each with an upstream of its own for ten."""

    def __init__(self, path, routes, origin_port):
        self.path = path
        texts = [_text(routes, origin_port, turn) for turn in (0, 1)]
        longest = max(map(len, texts))
        self._texts = [text.ljust(longest, "\n") for text in texts]
        self._time = None

    def write(self, number):
        """In place, with the size and the time of before: only a signal reloads it, and nobody waits for the watcher."""
        text = self._texts[number % 2]
        # In one piece, without a moment in which the file is empty.
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT)
        os.write(file, text.encode("ascii"))
        os.close(file)
        self._time = self._time or os.stat(self.path).st_mtime_ns
        os.utime(self.path, ns=(self._time, self._time))


def _text(routes, port, turn):
    lines = [_BASE.format()]
    upstreams = max(1, routes // 10)
    for at in range(upstreams):
        weight = 1 + (at + turn) % 3
        lines.append(f'  app{at}: {{ endpoints: [{{ address: "http://127.0.0.1:{port}", weight: {weight} }}] }}\n')
    lines.append("routes:\n  - { name: root, match: { path: { exact: / } }, upstream: app0 }\n")
    for at in range(routes - 1):
        # Half of the routes stay, half have another name, and all are another generation's.
        name = f"route{at}" if at % 2 else f"route{at}-{turn}"
        lines.append(
            f"  - {{ name: {name}, match: {{ hosts: [h{at % 50}.example], path: {{ prefix: /p{at}/ }} }}, "
            f"filters: [{{ request_headers: {{ set: {{ x-turn: \"{turn}-${{client.ip}}\" }} }} }}], "
            f"upstream: app{at % upstreams} }}\n"
        )
    return "".join(lines)
