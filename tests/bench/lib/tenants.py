"""An honest tenant beside a greedy one: what it keeps of its latency and of its throughput.

Two workers, and three tenants of one weight. The honest one has an ordinary filter, with a fresh guest for
each request; the guests of the other two never return, and one of these has a quota of CPU time. In each
round the honest tenant is measured alone, then beside each of them: at a constant rate, and in a closed loop,
which takes all that it can get. Two cores are shared by the proxy, the load generator and the origin, so the
rate is one that leaves them half idle.
"""

import shutil
import subprocess
import sys
import time
from dataclasses import replace

from . import loads, paths, ports, probe, procs, report, spin, stats
from .rig import Rig
from .scenarios import Scenario

MODE = "free2"
HONEST = Scenario("honest", load="rate", rate=1000, conns=64, secs=5)
CLOSED = Scenario("honest, all it can get", load="rate", rate=0, conns=64, secs=5)
# In flight all the time; the rate bounds what is sent where the proxy refuses at once.
GREEDY = replace(spin.LOOPS, path="/small", conns=8)
WARM_S = 2
READY_S = 20
# The share of all CPU time that is an honest tenant's beside another of its weight.
FAIR_SHARE = 0.5
TENANTS = {
    "honest": ("bench-header.wasm", "", "{}"),
    "greedy": ("hostile.wasm", "circuit: { failures: 0 }", "{}"),
    "limited": ("hostile.wasm", "circuit: { failures: 0 }", "{ cpu: 100ms/s }"),
}
BESIDE = {"alone": None, "beside a greedy one": "greedy", "beside one with 100ms/s": "limited"}


def run(plan):
    """Rounds of alone and beside; the table as text."""
    secs = plan.secs or HONEST.secs
    with Rig(MODE) as rig, _Proxy(rig) as proxy:
        loads.run(proxy, HONEST, WARM_S, rig.placement)
        rounds = [_round(rig, proxy, number, secs) for number in range(plan.rounds)]
    return _table(rounds, secs)


class _Proxy:
    """Sandgate with the tenants, from entering the context to leaving it."""

    host = "honest.test"

    def __init__(self, rig):
        self.rig, self.port = rig, ports.free()
        self.run = paths.RUN / "tenants"

    def __enter__(self):
        shutil.rmtree(self.run, ignore_errors=True)
        for name, (guest, keys, _) in TENANTS.items():
            (self.run / name).mkdir(parents=True)
            shutil.copy(f"{paths.guests()}/{guest}", self.run / name / "it.wasm")
            (self.run / name / "tenant.yaml").write_text(self._own(keys))
        config = self.run / "sandgate.yaml"
        config.write_text(self._config())
        self.proc = procs.start([paths.sandgate(), "run", config], self.run / "output.log", None)
        end = time.monotonic() + READY_S
        while not self._answers():
            if self.proc.poll() is not None or time.monotonic() > end:
                procs.stop(self.proc)
                raise SystemExit(f"it did not start: {(self.run / 'output.log').read_text()[-1500:]}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        procs.stop(self.proc)

    def _answers(self):
        try:
            return probe.get(self.port, "/small", timeout=2).status == 200
        except (OSError, ValueError):
            return False

    def _config(self):
        tenants = (
            f"  {name}: {{ hosts: [{name}.test], config: {name}/tenant.yaml, quotas: {quotas} }}"
            for name, (_, _, quotas) in TENANTS.items()
        )
        return "\n".join(
            [
                "version: 1",
                f"server: {{ workers: {self.rig.placement.workers} }}",
                f'listeners: [{{ name: web, address: "127.0.0.1:{self.port}" }}]',
                "log: { access: off, level: warn }",
                f"upstreams: {{ app: {{ endpoints: [{self._endpoints()}] }} }}",
                "routes: [{ name: plain, match: { path: { prefix: / } }, upstream: app }]",
                "tenants:",
                *tenants,
                "",
            ]
        )

    def _own(self, keys):
        return "\n".join(
            [
                "version: 1",
                f"plugins: {{ it: {{ wasm: it.wasm, {keys} }} }}",
                f"upstreams: {{ app: {{ endpoints: [{self._endpoints()}] }} }}",
                "routes: [{ name: all, filters: [{ plugin: it }], upstream: app }]",
                "",
            ]
        )

    def _endpoints(self):
        return ", ".join(f'"http://127.0.0.1:{port}"' for port in self.rig.upstreams)


def _round(rig, proxy, number, secs):
    got = {}
    for name, greedy in BESIDE.items():
        with _Greedy(proxy, greedy, 2 * secs) as loops:
            steady = loads.run(proxy, HONEST, secs, rig.placement)
            closed = loads.run(proxy, CLOSED, secs, rig.placement)
        got[name] = steady, closed, loops.cut_off
        print(
            f"# round {number} {name}: p50 {steady['p50_us']:.0f} us, p99 {steady['p99_us']:.0f} us, "
            f"{closed['requests'] / secs:.0f}/s at most; {loops.cut_off} loops cut off",
            file=sys.stderr,
        )
    return got


class _Greedy:
    """Requests of a tenant whose guests loop, in flight from entering the context to leaving it; or none."""

    def __init__(self, proxy, tenant, secs):
        self.cut_off, self.proc = 0, None
        self.limit = secs + spin.TAIL_S
        self.cmd = None
        if tenant:
            cmd = loads.rate_command(proxy.port, GREEDY, self.limit)
            self.cmd = procs.placed([*cmd, "--host", f"{tenant}.test"])

    def __enter__(self):
        if self.cmd:
            self.proc = subprocess.Popen(self.cmd, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, kind, *_):
        if not self.proc:
            return
        try:
            out, _ = self.proc.communicate(timeout=self.limit + loads.GRACE_S)
        finally:
            procs.stop(self.proc)
        if kind is None:
            self.cut_off = spin.believed(out)["requests"]


def _table(rounds, secs):
    base = [r["alone"] for r in rounds]
    body = [_row(name, [r[name] for r in rounds], base, secs) for name in BESIDE]
    errors = sum(load["errors"] for r in rounds for *both, _ in r.values() for load in both)
    head = ["honest tenant", "p50 us", "p99 us", "over alone"]
    head += ["answered/s", "at most/s", "over alone", "greedy ended/s"]
    return "\n".join(
        [
            report.rows(head, body),
            "",
            f"{HONEST.rate} honest requests/s over {HONEST.conns} connections, then all they can; "
            f"medians of {len(rounds)} rounds of {secs} s; {errors} errors. {GREEDY.conns} looping requests "
            f"in flight; a fair share is {FAIR_SHARE} of the CPU time.",
        ]
    )


def _row(name, got, base, secs):
    def ratio(of):
        return stats.show_median([of(b) / of(a) for a, b in zip(base, got, strict=True)])

    return [
        name,
        *(f"{stats.median([steady[field] for steady, _, _ in got]):.0f}" for field in ("p50_us", "p99_us")),
        ratio(lambda r: r[0]["p99_us"]),
        f"{stats.median([steady['requests'] / secs for steady, _, _ in got]):.0f}",
        f"{stats.median([closed['requests'] / secs for _, closed, _ in got]):.0f}",
        ratio(lambda r: r[1]["requests"]),
        f"{stats.median([count / (2 * secs + spin.TAIL_S) for _, _, count in got]):.0f}",
    ]
