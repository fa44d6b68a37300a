"""Ports for the peers: free ones, below those that the kernel hands out to connections."""

import itertools
import socket

# A proxy listens on a port for minutes while the load opens thousands of connections: a port from the
# kernel's own range could be taken by one of these between choosing and listening.
_FIRST, _LAST = 18000, 30000
_candidates = itertools.cycle(range(_FIRST, _LAST))


def free():
    """A port that nobody listens on, another one each time."""
    for _ in range(_LAST - _FIRST):
        port = next(_candidates)
        if _is_free(port):
            return port
    raise RuntimeError(f"no free port from {_FIRST} to {_LAST}")


def _is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # TIME_WAIT is no reason to skip it
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
