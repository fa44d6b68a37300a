"""The clients: some keep their connection, some open one for each request. Each pauses between two."""

import re
import socket
import threading
import time
from collections import Counter

PAUSE_S = 0.005
TIMEOUT_S = 5
_GET = b"GET / HTTP/1.1\r\nHost: a\r\n"


class Tally:
    """What all clients saw: ok, stale (may be sent again), hard (lost); and why, for those lost."""

    def __init__(self):
        self._lock = threading.Lock()
        self.counts = Counter(ok=0, stale=0, hard=0)
        self.losses = Counter()
        self._seconds = []

    def ok(self, seconds):
        """A whole answer with status 200."""
        with self._lock:
            self.counts["ok"] += 1
            self._seconds.append(seconds)

    def stale(self):
        """A connection that served before was closed before the first byte of this answer."""
        with self._lock:
            self.counts["stale"] += 1

    def hard(self, why):
        """Anything else."""
        with self._lock:
            self.counts["hard"] += 1
            self.losses[why] += 1

    def percentile_ms(self, share):
        """Of the answers' times."""
        ordered = sorted(self._seconds) or [0]
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def keep_alive_client(port, end, tally):
    """One request after the other on one connection, and on another when it is closed."""
    conn = None
    while time.monotonic() < end:
        conn = _one_kept(conn, port, tally)
        time.sleep(PAUSE_S)
    if conn:
        conn.close()


def new_connection_client(port, end, tally):
    """A connection for each request."""
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            with _connect(port) as conn:
                conn.sendall(_GET + b"Connection: close\r\n\r\n")
                head, whole = _read(conn)
        except OSError as e:
            tally.hard(f"new connection: {type(e).__name__}")
        else:
            _count(tally, head, whole, began, "new connection")
        time.sleep(PAUSE_S)


def _one_kept(conn, port, tally):
    """One request; returns the connection for the next one, or None."""
    served_before = conn is not None
    began = time.monotonic()
    head = b""
    try:
        conn = conn or _connect(port)
        conn.sendall(_GET + b"\r\n")
        head, whole = _read(conn)
    except OSError as e:
        whole, trouble = False, type(e).__name__
    else:
        trouble = "closed"
    if served_before and not head and trouble != "TimeoutError":
        tally.stale()
    else:
        _count(tally, head, whole, began, f"kept: {trouble}")
    if conn and whole and b"connection: close" not in head.lower():
        return conn
    if conn:
        conn.close()
    return None


def _count(tally, head, whole, began, what):
    status = head.split(b"\r\n", 1)[0].decode("latin1")
    if whole and status.startswith("HTTP/1.1 200"):
        tally.ok(time.monotonic() - began)
    else:
        tally.hard(f"{what}, {'whole' if whole else 'cut'} answer {status!r}")


def _connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)


def _read(conn):
    """The head (as far as it came) and whether the answer was whole, by its Content-Length."""
    data = b""
    while True:
        head, end, body = data.partition(b"\r\n\r\n")
        if end:
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            if len(body) >= (int(length[1]) if length else 0):
                return head, True
        more = conn.recv(4096)
        if not more:
            return head, False
        data += more
