"""Rounds: each measures every subject once, each time starting with another, so that ratios can be paired."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass

from . import cost, paths, probe
from .rig import Rig

TROUBLE = (RuntimeError, OSError, subprocess.TimeoutExpired)


@dataclass(frozen=True)
class Plan:
    """What the command line says about rounds."""

    mode: str = "pin1"
    rounds: int = 5
    secs: int | None = None
    quiet: float | None = None
    quiet_wait: float = 15
    out: str | None = None


def run(plan, scenario_id, scenario, specs, peers):
    """The records of all rounds, in the order of specs; also kept in a file, a line each."""
    with Rig(plan.mode) as rig, _kept(plan, scenario_id) as kept:
        _start_all(rig, scenario_id, scenario, specs, peers)
        records = []
        for number in range(plan.rounds):
            for record in _round(rig, plan, number, scenario):
                records.append(record | {"scenario": scenario_id, "round": number})
                print(json.dumps(records[-1]), file=kept, flush=True)
                _show(records[-1])
    return sorted(records, key=lambda r: specs.index(r["subject"]))


def _kept(plan, scenario_id):
    paths.RESULTS.mkdir(exist_ok=True)
    return open(plan.out or paths.RESULTS / f"{scenario_id}-{plan.mode}-{int(time.time())}.jsonl", "a")


def _is_fresh(scenario):
    """Memory is measured in a new process each time."""
    return scenario.load == "idle"


def _start_all(rig, scenario_id, scenario, specs, peers):
    for spec in specs:
        subject = rig.subject(spec, peers)
        try:
            _start_checked(subject, scenario_id, scenario)
        except (RuntimeError, OSError) as e:
            print(f"# {spec} left out: {e}", file=sys.stderr)
            rig.drop(subject)
        else:
            if _is_fresh(scenario):
                subject.stop()


def _start_checked(subject, scenario_id, scenario):
    if not subject.supports(scenario_id):
        raise RuntimeError(f"not in {scenario_id}")
    subject.start()
    found = probe.complaints(subject, scenario.tls)
    if found:
        raise RuntimeError("; ".join(found))


def _round(rig, plan, number, scenario):
    first = number % max(1, len(rig.subjects))
    for subject in rig.subjects[first:] + rig.subjects[:first]:
        try:
            yield _measured(rig, plan, number, scenario, subject)
        except TROUBLE as e:
            print(f"# {subject.spec} round {number}: {e}", file=sys.stderr)


def _measured(rig, plan, number, scenario, subject):
    if plan.quiet:
        cost.wait_quiet(plan.quiet, plan.quiet_wait)
    secs, warm = plan.secs or scenario.secs, 0 if number else scenario.warm
    if not _is_fresh(scenario):
        return rig.measure(subject, scenario, secs, warm)
    subject.start()
    try:
        return rig.measure(subject, scenario, secs, warm)
    finally:
        subject.stop()


def _show(r):
    got = f"{r['cpu_us_per_req']:.1f} us/req, {r['rps']:.0f}/s, p99 {r.get('p99_us', 0):.0f} us"
    beside = f"other work {r['foreign_cores']:.2f} cores, errors {r['errors']}"
    print(f"# {r['scenario']} round {r['round']} {r['subject']}: {got}, {beside}", file=sys.stderr)
