"""The scenarios: what each sends. How it is sent is in loads.py."""

from dataclasses import dataclass

# The head of a browser's request, about 1 KB.
BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Safari/537.36",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language: en-US,en;q=0.9,de;q=0.8",
    "Accept-Encoding: identity",
    "Cache-Control: max-age=0",
    "Referer: http://127.0.0.1/some/page/of/the/site?with=a&query=string",
    'Sec-Ch-Ua: "Chromium";v="130", "Not?A_Brand";v="99"',
    "Sec-Ch-Ua-Mobile: ?0",
    'Sec-Ch-Ua-Platform: "Linux"',
    "Sec-Fetch-Dest: document",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-Site: same-origin",
    "Upgrade-Insecure-Requests: 1",
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; tracking=" + "a" * 40,
    "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0."
    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
)


@dataclass(frozen=True)
class Scenario:
    """One load. `flavor`: what a bare peer name means there; `own`: a column over the peer's own plain."""

    title: str
    load: str = "wrk"
    path: str = "/small"
    conns: int = 64
    secs: int = 2
    warm: int = 2
    headers: tuple[str, ...] = ()
    upload: int = 0
    rate: int = 0
    streams: int = 0
    tls: bool = False
    h2: bool = False
    new_connections: bool = False
    flavor: str | None = None
    own: bool = False

    def url(self, subject):
        """Where the load finds the subject."""
        if self.tls:
            return f"https://127.0.0.1:{subject.tls_port}{self.path}"
        return f"http://127.0.0.1:{subject.h2_port if self.h2 else subject.port}{self.path}"


_H2 = {"load": "h2load", "conns": 16, "streams": 32, "h2": True}
_IDLE = {"load": "idle", "conns": 5000, "secs": 1, "warm": 0}

SCENARIOS = {
    "S1": Scenario("plain forward, 100 B response"),
    "S1r": Scenario("plain forward, a browser's request (15 headers, 1 KB)", headers=BROWSER),
    "S1c": Scenario("plain, a new connection for each request", new_connections=True),
    "S2": Scenario("100 KiB response", path="/100k"),
    "S2m": Scenario("1 MiB response", path="/1m"),
    "S2u": Scenario("64 KiB upload, 100 B response", upload=65536),
    "S3": Scenario("one request and one response header, native config", flavor="headers"),
    "S4": Scenario("the same through the scripting engine", own=True),
    "S5": Scenario("TLS 1.3 keep-alive, 100 B response", tls=True),
    "S5h": Scenario("TLS 1.3, a new connection for each request", tls=True, new_connections=True),
    "S6": Scenario("HTTP/2 cleartext (prior knowledge), 16 connections x 32 streams", **_H2),
    "S6t": Scenario("HTTP/2 over TLS 1.3, 16 connections x 32 streams", tls=True, **_H2),
    "S7": Scenario("memory with 5,000 idle keep-alive connections", **_IDLE),
    "S7t": Scenario("memory with 5,000 idle TLS connections", tls=True, **_IDLE),
    "S8": Scenario("latency at a constant 4,000 requests/s", load="rate", rate=4000, secs=10),
}

DEFAULT_SUBJECTS = ["nginx", "haproxy", "envoy", "sandgate"]

# Every scripting engine beside its own plain forwarding; those that end in 10 have ten filters in a chain.
README_SUBJECTS = [
    *DEFAULT_SUBJECTS,
    *("nginx:lua", "nginx:njs", "haproxy:lua", "haproxy:lua10"),
    *("envoy:lua", "envoy:lua10", "envoy:wat", "envoy:wat10", "envoy:wasm", "envoy:wasm10"),
    *("sandgate:wasm", "sandgate:wasm10", "sandgate:wasm-resident", "sandgate:wasm10-resident"),
]
# Envoy's modules in Sandgate.
PROXY_WASM_SUBJECTS = [
    *("sandgate:proxy-wasm", "sandgate:proxy-wasm10", "sandgate:proxy-wasm-fresh", "sandgate:proxy-wasm10-fresh"),
    *("sandgate:proxy-wat", "sandgate:proxy-wat-fresh"),
]
# A module of http-wasm, of which no peer here has a host.
HTTP_WASM_SUBJECTS = ["sandgate:http-wasm", "sandgate:http-wasm-fresh"]
_HEADERS_SUBJECTS = [f"{name}:headers" for name in DEFAULT_SUBJECTS]
S4_SUBJECTS = [*README_SUBJECTS, *PROXY_WASM_SUBJECTS, *HTTP_WASM_SUBJECTS, *_HEADERS_SUBJECTS]


def subjects(scenario_id, specs, peers):
    """The specs a scenario measures: its defaults without any; its flavor for a bare name that has it."""
    flavor = SCENARIOS[scenario_id].flavor
    specs = specs or (S4_SUBJECTS if scenario_id == "S4" else DEFAULT_SUBJECTS)
    if not flavor:
        return specs
    have = [s for s in specs if ":" in s or flavor in peers[s.split("#")[0]].flavors]
    return [s if ":" in s else f"{s}:{flavor}" for s in have]
