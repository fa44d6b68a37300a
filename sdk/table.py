#!/usr/bin/env python3
"""Measures add-header in every language that is built, and writes the table into sdk/README.md.

    usage: sdk/table.py [--binary target/release/sandgate] [--requests 2000] [--print]

The figures are the host's own (`/metrics`): CPU time of the hook on-request, one request after another. Cold is a fresh instance for each
request, what making it takes included; warm is a resident one. Compiling is the CPU time of `sandgate inspect` without the cache, which the
cores of a machine share.
"""

import argparse
import http.client
import http.server
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GUESTS = ROOT / "target/guests"
README = ROOT / "sdk/README.md"
#: Titles, and what each needs beside the defaults of `limits`.
LANGUAGES = {
    "rust": ("Rust", {}),
    "c": ("C", {}),
    "zig": ("Zig", {}),
    "assemblyscript": ("AssemblyScript", {}),
    "go": ("Go", {"memory": "32MiB", "cpu": "100ms"}),
    "js": ("JavaScript, TypeScript", {"cpu": "200ms"}),
    "python": ("Python", {"memory": "64MiB", "cpu": "500ms"}),
}
BEGIN, END = "<!-- table: written by sdk/table.py -->\n", "<!-- end of the table -->\n"
#: Requests before those that count.
WARM_UP = 100


class Quiet(http.server.BaseHTTPRequestHandler):
    """An origin that says nothing."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Proxy:
    """The proxy with one plugin, and the cache in a folder."""

    def __init__(self, binary: Path, component: Path, origin: int, cache: str, limits: dict[str, str], isolation: str) -> None:
        plugin = {"wasm": str(component), "isolation": isolation, "limits": {"wall": "30s", **limits}}
        config = {
            "version": 1,
            "server": {"workers": 1},
            "listeners": [{"name": "web", "address": "127.0.0.1:0"}],
            "admin": {"address": "127.0.0.1:0"},
            "plugins": {"it": plugin},
            "upstreams": {"app": {"endpoints": [f"http://127.0.0.1:{origin}"]}},
            "routes": [{"name": "all", "match": {"path": {"prefix": "/"}}, "upstream": "app", "filters": [{"plugin": "it"}]}],
        }
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "sandgate.yaml"
        path.write_text(json.dumps(config))
        env = {**os.environ, "SANDGATE_CACHE": cache}
        self.process = subprocess.Popen([binary, "run", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env)
        self.web, self.admin = self.addresses()

    def addresses(self) -> tuple[str, str]:
        found = {}
        for line in self.process.stderr or ():
            said = json.loads(line) if line.startswith("{") else {}
            if said.get("message") == "listening":
                found[said["listener"]] = said["address"]
            if said.get("message") == "ready":
                # Nobody reads the rest; it must not fill the pipe.
                threading.Thread(target=self.process.stderr.read, daemon=True).start()
                return found["web"], found["admin"]
        raise SystemExit("the proxy did not start")

    def ask(self, count: int) -> None:
        connection = http.client.HTTPConnection(self.web)
        for _ in range(count):
            connection.request("GET", "/", headers={"user-agent": "table"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200 or answer.getheader("x-served-by") != "sandgate":
                raise SystemExit(f"{answer.status} {answer.headers}")

    def metric(self, name: str, labels: str = "") -> float:
        connection = http.client.HTTPConnection(self.admin)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        found = re.search(rf"^{name}{re.escape(labels)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def cpu(self, count: int) -> float:
        """CPU time of a call of on-request, in microseconds."""
        labels = '{plugin="it",hook="on-request"}'
        self.ask(WARM_UP)
        before = self.metric("sandgate_plugin_cpu_seconds_total", labels)
        self.ask(count)
        return (self.metric("sandgate_plugin_cpu_seconds_total", labels) - before) / count * 1e6

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


def row(binary: Path, language: str, origin: int, count: int) -> str | None:
    """A language's figures, if its component is there."""
    title, limits = LANGUAGES[language]
    component = GUESTS / ("add-header.wasm" if language == "rust" else f"add-header.{language}.wasm")
    if not component.is_file():
        print(f"{title} is left out: {component.name} is not built", file=sys.stderr)
        return None
    with tempfile.TemporaryDirectory() as cache:
        try:
            compiling = cpu_of([binary, "inspect", component], {**os.environ, "SANDGATE_CACHE": cache})
        except subprocess.CalledProcessError as error:
            print(f"{title} is left out: {error.stderr.decode().strip()}", file=sys.stderr)
            return None
        with Proxy(binary, component, origin, cache, limits, "exchange") as proxy:
            cold = proxy.cpu(count)
        with Proxy(binary, component, origin, cache, limits, "resident") as proxy:
            warm, memory = proxy.cpu(count), proxy.metric("sandgate_plugin_memory_peak_bytes", '{plugin="it",hook="on-request"}')
    wants = ", ".join(f"`{key}: {value}`" for key, value in limits.items()) or "the defaults"
    figures = f"{size(component.stat().st_size)} | {compiling:.2g} s | {rounded(cold)} µs | {rounded(warm)} µs | {size(memory)} | {wants}"
    return f"| {title} | {figures} |\n"


def cpu_of(command: list[object], env: dict[str, str]) -> float:
    """CPU time of a command, in seconds."""

    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = used()
    subprocess.run([str(part) for part in command], env=env, check=True, capture_output=True)
    return used() - before


def size(count: float) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} KB"


def rounded(number: float) -> str:
    return f"{number:.1f}" if number < 10 else f"{number:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures add-header in every language that is built.")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/sandgate")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--print", action="store_true", help="only show the table")
    arguments = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    rows = [row(arguments.binary, language, server.server_port, arguments.requests) for language in LANGUAGES]
    head = "| language | component | to compile it | cold call | warm call | memory | `limits` it wants |\n|" + " --- |" * 7 + "\n"
    when = f"\nMeasured on {time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {arguments.requests} requests each.\n"
    table = head + "".join(filter(None, rows)) + when
    if arguments.print:
        print(table, end="")
        return
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(before + BEGIN + "\n" + table + "\n" + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
