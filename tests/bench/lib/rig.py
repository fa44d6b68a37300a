"""The rig: where proxy and load run, the origin behind all subjects, and one measurement."""

import contextlib
import time
from dataclasses import dataclass

from . import cost, loads, paths, ports, probe, procs
from .subject import Subject

ORIGIN_TIMEOUT_S = 5


@dataclass(frozen=True)
class Placement:
    """Which cores the proxy and the load get (None: the kernel places them), and how many threads."""

    proxy_cpus: list[int] | None
    load_cpus: list[int] | None
    workers: int
    threads: int


MODES = {"pin1": Placement([0], [1], 1, 1), "free2": Placement(None, None, 2, 2)}


class Rig:
    """The origin and the subjects; leaving its context ends everything that was started."""

    def __init__(self, mode):
        self.mode, self.placement = mode, MODES[mode]
        self.upstreams = ports.free(), ports.free()
        self.subjects = []

    def __enter__(self):
        paths.RUN.mkdir(exist_ok=True)
        log = paths.RUN / "origin.log"
        cmd = [paths.LOADTOOLS, "backend", "--ports", ",".join(map(str, self.upstreams))]
        self.origin = procs.start(cmd, log, self.placement.load_cpus)
        end = time.monotonic() + ORIGIN_TIMEOUT_S
        while not self._origin_answers():
            if self.origin.poll() is not None or time.monotonic() > end:
                procs.stop(self.origin)
                raise SystemExit(f"the origin did not start: {log.read_text()[-400:]}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        for subject in self.subjects:
            subject.stop()
        procs.stop(self.origin)

    def subject(self, spec, peers):
        """A subject of this rig, not yet started."""
        made = Subject(spec, peers, self.placement, self.upstreams)
        self.subjects.append(made)
        return made

    def drop(self, subject):
        """Ends a subject and forgets it."""
        subject.stop()
        self.subjects.remove(subject)

    def measure(self, subject, scenario, secs, warm):
        """One load of `secs` after one of `warm` seconds: what it got and what it cost."""
        if warm:
            loads.run(subject, scenario, warm, self.placement)
        pids, origin = subject.pids(), procs.tree(self.origin.pid)
        before = cost.Snapshot.take(pids, origin)
        got = loads.run(subject, scenario, secs, self.placement)
        spent = cost.Snapshot.take(pids, origin) - before
        rss, pss = cost.memory_kb(subject.pids())
        common = {"subject": subject.spec, "mode": self.mode, "at": time.time(), "rss_kb": rss, "pss_kb": pss}
        return common | got | _costs(got, spent)

    def _origin_answers(self):
        with contextlib.suppress(OSError):
            return probe.get(self.upstreams[1], "/small").status == 200
        return False


def _costs(got, spent):
    """Per request and per second, from the difference of two snapshots."""
    requests = max(1, got["requests"])
    per_request_us = 1e6 / requests
    foreign = spent.machine_s - spent.proxy_s - spent.origin_s - got["load_cpu_s"]
    return {
        "rps": got["requests"] / got["secs"],
        "cpu_us_per_req": spent.proxy_s * per_request_us,
        "user_us": spent.user_s * per_request_us,
        "sys_us": spent.system_s * per_request_us,
        "load_us": got["load_cpu_s"] * per_request_us,
        "origin_us": spent.origin_s * per_request_us,
        "proxy_cores": spent.proxy_s / spent.at,
        "foreign_cores": max(0.0, foreign / spent.at),
        "switches_per_req": spent.slept / requests,
        "preempted_per_s": spent.preempted / spent.at,
    }
