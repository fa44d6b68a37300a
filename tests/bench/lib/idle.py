"""The load of S7: thousands of connections that answered one request each and then stay open."""

import socket
import ssl
import time
from contextlib import ExitStack

from . import cost, probe

OPENING_LIMIT_S = 120
SETTLE_S = 2


def load(subject, scenario, _secs, _placement):
    """What memory they hold; a connection the proxy closed meanwhile counts as an error."""
    rss_before, pss_before = cost.memory_kb(subject.pids())
    with ExitStack() as stack:
        conns = _open_all(subject, scenario, stack)
        time.sleep(SETTLE_S)  # proxies that give memory back do so by a timer
        rss, pss = cost.memory_kb(subject.pids())
        lost = sum(map(_is_closed, conns))
    return {
        "requests": scenario.conns,
        "secs": 1,
        "errors": lost,
        "load_cpu_s": 0,
        "rss_before_kb": rss_before,
        "rss_after_kb": rss,
        "pss_before_kb": pss_before,
        "pss_after_kb": pss,
        "bytes_per_conn": (pss - pss_before) * 1024 / scenario.conns,
    }


def _open_all(subject, scenario, stack):
    port, context = (subject.tls_port, probe.any_certificate()) if scenario.tls else (subject.port, None)
    request = f"GET {scenario.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    end = time.monotonic() + OPENING_LIMIT_S
    conns = []
    for _ in range(scenario.conns):
        conns.append(stack.enter_context(_open(port, context, request)))
        if time.monotonic() > end:
            raise RuntimeError(f"only {len(conns)} connections opened in {OPENING_LIMIT_S} s")
    return conns


def _open(port, context, request):
    conn = socket.create_connection(("127.0.0.1", port), 10)
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each waits 40 ms for a delayed ACK
    if context:
        conn = context.wrap_socket(conn)
    conn.sendall(request)
    probe.read(conn)
    return conn


def _is_closed(conn):
    conn.setblocking(False)
    try:
        return conn.recv(1) == b""
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
