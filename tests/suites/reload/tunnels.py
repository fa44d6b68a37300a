"""WebSockets held open through the proxy: a reload may not end them."""

import socket

COUNT = 20
TIMEOUT_S = 5
_UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
# An empty masked ping (RFC 6455 section 5.5.2), which the other end must answer.
_PING = b"\x89\x80\0\0\0\0"


class Tunnels:
    """Open from entering the context to leaving it; none without a port."""

    def __init__(self, port):
        self._port = port
        self._conns = []

    def __len__(self):
        return len(self._conns)

    def __enter__(self):
        for _ in range(COUNT if self._port else 0):
            self._conns.append(_open(self._port))
        return self

    def __exit__(self, *_):
        for conn in self._conns:
            conn.close()

    def alive(self):
        """How many answer a ping."""
        return sum(map(_answers, self._conns))


def _open(port):
    conn = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
    conn.sendall(_UPGRADE)
    answer = conn.recv(4096)
    if b" 101 " not in answer:
        raise SystemExit(f"no WebSocket at port {port}: {answer[:100]!r}")
    return conn


def _answers(conn):
    try:
        conn.sendall(_PING)
        return bool(conn.recv(16))
    except OSError:
        return False
