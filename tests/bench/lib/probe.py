"""One request on a connection of its own, to see whether a subject does its job."""

import re
import socket
import ssl
from dataclasses import dataclass

ATTEMPTS_TO_SEE_BOTH_UPSTREAMS = 6
PAGES = {"/small": 100, "/100k": 100 << 10, "/1m": 1 << 20}


@dataclass(frozen=True)
class Answer:
    """Head and body in lower case: what is looked for in them is."""

    status: int
    head: str
    body: str


def get(port, path, tls=None, timeout=5):
    """GET over HTTP/1.1, through the TLS context if there is one."""
    with socket.create_connection(("127.0.0.1", port), timeout) as plain:
        conn = tls.wrap_socket(plain, server_hostname="localhost") if tls else plain
        conn.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        head, body = read(conn)
    return Answer(int(head.split()[1]), head.decode("latin1").lower(), body.decode("latin1").lower())


def read(conn):
    """Head and body of one response with a Content-Length, or of all there is until the end."""
    data = b""
    while True:
        head, end, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if end and length and len(body) >= int(length[1]):
            return head, body
        more = conn.recv(65536)
        if not more:
            break
        data += more
    if not end:
        raise OSError("no answer")
    return head, body


def any_certificate():
    """A client's TLS context that takes the bench's self-signed certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def complaints(subject, tls):
    """What keeps the subject from being measured; tls says whether its TLS port is looked at too."""
    found = _header_complaints(subject) + _page_complaints(subject)
    if tls and get(subject.tls_port, "/small", any_certificate()).status != 200:
        found.append("tls: no 200")
    return found


def _header_complaints(subject):
    answers = [get(subject.port, "/echo") for _ in range(ATTEMPTS_TO_SEE_BOTH_UPSTREAMS)]
    found = [f"/echo: status {a.status}" for a in answers if a.status != 200]
    for name, text in (("x-bench-req", answers[-1].body), ("x-bench-resp", answers[-1].head)):
        if (f"{name}: " in text) != subject.does_header_work:
            found.append(f"{name}: {'missing' if subject.does_header_work else 'present'}")
    upstreams = {m[1] for a in answers if (m := re.search(r"x-backend: (\w+)", a.head))}
    if len(upstreams) < 2 and subject.must_balance:
        found.append(f"upstreams seen: {sorted(upstreams)}")
    return found


def _page_complaints(subject):
    answers = {path: get(subject.port, path) for path in PAGES if subject.has_pages}
    return [
        f"{path}: status {a.status}, {len(a.body)} bytes"
        for path, a in answers.items()
        if (a.status, len(a.body)) != (200, PAGES[path])
    ]
