"""A looping guest beside honest traffic: what it costs those who share the worker with it.

The proxy has two routes. Honest requests go to one at a constant rate; requests to the other meet a guest
that never returns, and are kept in flight all the time. The honest p99 is taken alone and beside them.
"""

import json
import subprocess
import sys

from . import loads, procs, report, stats
from .rig import Rig
from .scenarios import Scenario

SUBJECT = "sandgate:spin"
HONEST = Scenario("honest", load="rate", rate=1000, conns=64, secs=5)
# Two in flight; the rate keeps them so and bounds what is sent if the proxy should answer at once.
LOOPS = Scenario("loops", load="rate", path="/loop", rate=200, conns=2, headers=("x-misbehave: loop",))
WARM_S = 2
# The loops begin just before the honest load, and end so long after it.
TAIL_S = 1
_PERCENTILES = ("p50_us", "p99_us", "p999_us")


def run(plan, peers):
    """Rounds of alone and beside; the table as text."""
    secs = plan.secs or HONEST.secs
    with Rig(plan.mode) as rig:
        subject = rig.subject(SUBJECT, peers)
        subject.start()
        loads.run(subject, HONEST, WARM_S, rig.placement)
        rounds = [_round(rig, subject, number, secs) for number in range(plan.rounds)]
    return _table(rounds, secs)


def _round(rig, subject, number, secs):
    alone = loads.run(subject, HONEST, secs, rig.placement)
    with _Loops(subject, secs, rig.placement.load_cpus) as loops:
        beside = loads.run(subject, HONEST, secs, rig.placement)
    print(
        f"# round {number}: p99 {alone['p99_us']:.0f} us alone, {beside['p99_us']:.0f} us beside "
        f"{loops.got['requests']} loops",
        file=sys.stderr,
    )
    return alone, beside, loops.got


class _Loops:
    """The looping requests, in flight from entering the context to leaving it."""

    def __init__(self, subject, secs, cpus):
        self.limit = secs + TAIL_S
        self.cmd = procs.placed(loads.rate_command(subject.port, LOOPS, self.limit), cpus)

    def __enter__(self):
        self.proc = subprocess.Popen(self.cmd, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, kind, *_):
        try:
            out, _ = self.proc.communicate(timeout=self.limit + loads.GRACE_S)
        finally:
            procs.stop(self.proc)
        if kind is None:
            self.got = believed(out)


def believed(out):
    """A guest that returned, or that nobody asked, would make a fine and empty result."""
    got = json.loads(out)
    if not got["requests"] or got["non2xx"] != got["requests"]:
        raise SystemExit(
            f"the guest did not loop: {got['requests']} answers, {got['non2xx']} of them refusals"
        )
    return got


def _table(rounds, secs):
    body = []
    for field in _PERCENTILES:
        alone, beside = ([r[i][field] for r in rounds] for i in (0, 1))
        ratio = stats.show_median([b / a for a, b in zip(alone, beside, strict=True)])
        name = field.removesuffix("_us").replace("p999", "p99.9")
        body.append([name, *(f"{stats.median(v):.0f}" for v in (alone, beside)), ratio])
    ended = stats.median([loops["requests"] / loops["secs"] for _, _, loops in rounds])
    errors = sum(alone["errors"] + beside["errors"] for alone, beside, _ in rounds)
    return "\n".join(
        [
            report.rows(["honest latency", "alone, us", "beside loops, us", "ratio"], body),
            "",
            f"{HONEST.rate} honest requests/s, {len(rounds)} rounds of {secs} s, {errors} honest errors; "
            f"{LOOPS.conns} looping requests in flight, {ended:.0f} cut off a second.",
        ]
    )
