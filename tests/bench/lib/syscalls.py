"""System calls per request, counted by strace over a fixed load: counts, not times."""

import re
import subprocess
import time
from dataclasses import replace

from . import loads
from .rig import Rig
from .scenarios import SCENARIOS

SECS = 3
ATTACH_LIMIT_S = 5
SHOWN = 9
_ROW = re.compile(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$")


def run(specs, rate, peers):
    """Prints a line for each; rate 0 is a closed loop."""
    scenario = replace(SCENARIOS["S8"], rate=rate)
    with Rig("pin1") as rig:
        for spec in specs:
            subject = rig.subject(spec, peers)
            subject.start()
            loads.run(subject, scenario, 1, rig.placement)
            print(f"{spec}: {_counted(rig, subject, scenario)}", flush=True)
            rig.drop(subject)


def _counted(rig, subject, scenario):
    log = subject.run / "strace"
    attach = [word for pid in subject.pids() for word in ("-p", str(pid))]
    tracer = subprocess.Popen(["strace", "-f", "-q", "-c", "-o", log, *attach])
    try:
        _wait_attached(subject.pids())
        requests = loads.run(subject, scenario, SECS, rig.placement)["requests"]
    finally:
        tracer.terminate()
        tracer.wait(10)
    return _summary(log.read_text(), max(1, requests))


def _wait_attached(pids):
    end = time.monotonic() + ATTACH_LIMIT_S
    while not all(map(_is_traced, pids)):
        if time.monotonic() > end:
            raise RuntimeError(f"strace did not attach in {ATTACH_LIMIT_S} s")
        time.sleep(0.05)


def _is_traced(pid):
    with open(f"/proc/{pid}/status") as f:
        return any(line.startswith("TracerPid:") and line.split()[1] != "0" for line in f)


def _summary(log, requests):
    found = filter(None, map(_ROW.match, log.splitlines()))
    counts = {m[2]: int(m[1]) / requests for m in found if m[2] != "total"}
    top = sorted(counts.items(), key=lambda item: -item[1])[:SHOWN]
    shown = ", ".join(f"{name} {count:.2f}" for name, count in top)
    return f"{sum(counts.values()):.2f} per request ({requests} requests): {shown}"
