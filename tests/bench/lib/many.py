"""Thousands of plugins in one process: what each costs in memory, at a start, at a reload, and at its first request.

Each plugin is a component of its own: the same code with another custom section at its end, so that nothing of one can
stand for another. It has a route of its own. The proxy starts with an empty cache of compiled components, then with
the one that this left; what the plugins take is told by a third start, in which all routes have one component, and by a
fourth without any plugin.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import cost, paths, ports, probe, procs, report
from .rig import Rig

COMPONENT = "add-header.wasm"
START_LIMIT_S = 3600
RELOAD_LIMIT_S = 60
FIRST_REQUESTS = 50
RELOADS = 11
SETTLED_S = 2.5  # so long a file must be unchanged before Sandgate knows it by its times
_APPLIED = re.compile(r"configuration applied")


def run(plan, count):
    """The table as text, for so many components."""
    folder = paths.RUN / "many"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "cache").mkdir(parents=True)
    (folder / "cache").chmod(0o700)
    original = (Path(paths.guests()) / COMPONENT).read_bytes()
    for number in range(count):
        (folder / f"{number}.wasm").write_bytes(_variant(original, number))
    with Rig(plan.mode) as rig:
        cold, _ = _started(_Proxy(rig, folder, count, _distinct))
        warm, found = _started(_Proxy(rig, folder, count, _distinct), _look)
        one, _ = _started(_Proxy(rig, folder, count, _same))
        none, _ = _started(_Proxy(rig, folder, count, None))
    kept = sum(file.stat().st_size for file in (folder / "cache").iterdir())
    shutil.rmtree(folder)
    return _table(count, len(original), {"cold": cold, "warm": warm, "one": one, "none": none}, found, kept)


def _distinct(number):
    return number


def _same(_):
    return 0


@dataclass(frozen=True)
class _State:
    """What a process that has started has taken."""

    start_s: float
    cpu_s: float
    rss_kb: int
    pss_kb: int
    files: int
    maps: int

    @classmethod
    def of(cls, pid, start_s):
        rss, pss = cost.memory_kb([pid])
        proc = Path(f"/proc/{pid}")
        maps = (proc / "maps").read_text().count("\n")
        return cls(start_s, cost.cpu_s([pid]), rss, pss, len(os.listdir(proc / "fd")), maps)


class _Proxy:
    """Sandgate with these plugins, from its start to its end."""

    def __init__(self, rig, folder, count, component):
        self.folder, self.count, self.port = folder, count, ports.free()
        self.config, self.log = folder / "many.yaml", folder / "output.log"
        self.config.write_text(_config(self.port, rig.upstreams[0], folder, count, component))

    def __enter__(self):
        env = os.environ | {"SANDGATE_CACHE": str(self.folder / "cache")}
        self.log.write_bytes(b"")
        began = time.monotonic()
        with open(self.log, "ab") as out:
            cmd = [paths.sandgate(), "run", str(self.config)]
            self.proc = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env)
        while not self._answers():
            if self.proc.poll() is not None or time.monotonic() > began + START_LIMIT_S:
                raise RuntimeError(f"it did not start: {self.log.read_text()[-1500:]}")
            time.sleep(0.05)
        self.start_s = time.monotonic() - began
        return self

    def __exit__(self, *_):
        procs.stop(self.proc)

    def state(self):
        return _State.of(self.proc.pid, self.start_s)

    def first_request_us(self, number):
        """How long the first request to a plugin takes, and the one after it."""
        return [_timed_us(self.port, f"/{number}") for _ in range(2)]

    def reload_s(self, number, original):
        """From the change of one file to its being in force."""
        before = self._reloads()
        (self.folder / f"{number}.wasm").write_bytes(_variant(original, self.count + number))
        began = time.monotonic()
        self.proc.send_signal(signal.SIGHUP)
        while self._reloads() == before:
            if time.monotonic() > began + RELOAD_LIMIT_S:
                raise RuntimeError(f"no reload: {self.log.read_text()[-1500:]}")
            time.sleep(0.001)
        return time.monotonic() - began

    def _reloads(self):
        return len(_APPLIED.findall(self.log.read_text()))

    def _answers(self):
        try:
            return probe.get(self.port, "/0", timeout=2).status == 200
        except (OSError, ValueError):
            return False


def _started(proxy, look=None):
    """What it took to start, and what was looked at then."""
    with proxy:
        state = proxy.state()
        return state, look(proxy) if look else None


def _look(proxy):
    time.sleep(SETTLED_S)
    step = max(1, proxy.count // FIRST_REQUESTS)
    first = [proxy.first_request_us(number) for number in range(1, proxy.count, step)]
    original = (Path(paths.guests()) / COMPONENT).read_bytes()
    reloads = []
    for number in range(min(RELOADS, proxy.count)):
        reloads.append(proxy.reload_s(number, original))
        # The change is seen as well, which makes a reload of its own.
        time.sleep(SETTLED_S)
    return {"first": first, "reloads": reloads}


def _timed_us(port, path):
    began = time.monotonic()
    if probe.get(port, path).status != 200:
        raise RuntimeError(f"{path} was not answered")
    return (time.monotonic() - began) * 1e6


def _variant(component, number):
    """The component with a custom section that holds the number (section 0: a name, then anything)."""
    name = b"variant"
    payload = bytes([len(name)]) + name + number.to_bytes(8, "little")
    return component + bytes([0, len(payload)]) + payload


def _config(port, upstream, folder, count, component):
    """`component` says the number of a plugin's file; without it there are no plugins."""
    plugins, filters = ["plugins:"], ""
    if component:
        plugins += [f"  p{n}: {{ wasm: {folder}/{component(n)}.wasm }}" for n in range(count)]
        filters = ", filters: [{{ plugin: p{} }}]"
    routes = (
        f"  - {{ name: r{n}, match: {{ path: {{ exact: /{n} }} }}, upstream: app, rewrite: {{ path: /small }}"
        f"{filters.format(n)} }}"
        for n in range(count)
    )
    return "\n".join(
        [
            "version: 1",
            "server: { workers: 1 }",
            f'listeners: [{{ name: web, address: "127.0.0.1:{port}" }}]',
            "log: { access: off, level: info }",
            f'upstreams: {{ app: {{ endpoints: ["http://127.0.0.1:{upstream}"] }} }}',
            *(plugins if component else []),
            "routes:",
            *routes,
            "",
        ]
    )


def _median(values):
    return sorted(values)[len(values) // 2]


def _table(count, size, states, found, kept):
    cold, warm, one, none = (states[name] for name in ("cold", "warm", "one", "none"))

    def each(kib, base):
        return f"{(kib - base) / count:.1f} KiB each"

    def start(name, state):
        took = f"{state.start_s:.2f} s, {state.cpu_s:.2f} s of CPU"
        return [f"start, {name}", took, f"{state.start_s / count * 1e3:.3f} ms each"]

    def memory(name, state):
        sizes = f"RSS {state.rss_kb / 1024:.0f} MiB, PSS {state.pss_kb / 1024:.0f} MiB"
        more = f"RSS {each(state.rss_kb, one.rss_kb)} beyond one's" if state in (cold, warm) else ""
        return [f"memory, {name}", sizes, more]

    rows = [
        start("nothing compiled before", cold),
        start("all compiled before", warm),
        start("one component in all plugins", one),
        start("no plugins, as many routes", none),
        memory("nothing compiled before", cold),
        memory("all compiled before", warm),
        memory("one component in all plugins", one)[:2] + [f"RSS {each(one.rss_kb, none.rss_kb)} beyond none"],
        memory("no plugins, as many routes", none),
        ["cache", f"{kept / 2**20:.0f} MiB", f"{kept / 1024 / count:.1f} KiB each"],
        ["file descriptors", str(warm.files), f"{none.files} without plugins"],
        ["mappings", str(warm.maps), f"{one.maps} with one component"],
        ["first request to a plugin", f"{_median([f for f, _ in found['first']]):.0f} us", "new connection"],
        ["the one after it", f"{_median([s for _, s in found['first']]):.0f} us", "new connection"],
        ["reload with one changed", f"{_median(found['reloads']) * 1e3:.0f} ms", f"of {len(found['reloads'])}"],
    ]
    head = [f"{count} components of {size} bytes", "", ""]
    return report.rows(head, rows)
