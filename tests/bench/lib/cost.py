"""What processes have cost so far: CPU time, context switches, memory; counted by the kernel, not sampled."""

import os
import time
from dataclasses import dataclass

from . import procs

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Snapshot:
    """Counters of a proxy, of the origin and of the machine at one instant; two make a measurement."""

    at: float
    machine_s: float
    proxy_s: float
    origin_s: float
    user_s: float
    system_s: float
    slept: int
    preempted: int

    @classmethod
    def take(cls, proxy, origin):
        """Of the processes with these pids."""
        user, system = _user_system_s(proxy)
        slept, preempted = _switches(proxy)
        return cls(
            time.monotonic(), machine_s(), cpu_s(proxy), cpu_s(origin), user, system, slept, preempted
        )

    def __sub__(self, earlier):
        return Snapshot(*(getattr(self, f) - getattr(earlier, f) for f in self.__dataclass_fields__))


def memory_kb(pids):
    """(RSS, PSS) in KiB; PSS counts a page shared by n processes 1/n times."""
    sums = {"Rss:": 0, "Pss:": 0}
    for line in _lines(f"/proc/{pid}/smaps_rollup" for pid in pids):
        key, _, value = line.partition(" ")
        if key in sums:
            sums[key] += int(value.split()[0])
    return sums["Rss:"], sums["Pss:"]


def machine_s():
    """CPU seconds spent by the whole machine, steal included."""
    with open("/proc/stat") as f:
        spent = list(map(int, f.readline().split()[1:9]))
    return (sum(spent) - spent[3] - spent[4]) / _TICK


def wait_quiet(cores, longest):
    """Waits until the machine uses less than `cores`, or `longest` seconds are over."""
    end = time.monotonic() + longest
    while time.monotonic() < end:
        at, busy = time.monotonic(), machine_s()
        time.sleep(0.4)
        if (machine_s() - busy) / (time.monotonic() - at) < cores:
            return


def cpu_s(pids):
    """User + system time: each process's own CPU clock, ended threads included."""
    total = 0
    for pid in pids:
        try:
            total += time.clock_gettime_ns((~pid << 3) | 2)
        except OSError:
            continue
    return total / 1e9


def _user_system_s(pids):
    """User and system seconds, in the kernel's ticks of 10 ms."""
    user = system = 0
    for pid in pids:
        try:
            fields = procs.stat_fields(pid)
        except OSError:
            continue
        user += int(fields[11])
        system += int(fields[12])
    return user / _TICK, system / _TICK


def _switches(pids):
    """(voluntary, involuntary) context switches of all threads."""
    sums = {"voluntary_ctxt_switches": 0, "nonvoluntary_ctxt_switches": 0}
    for line in _lines(path for pid in pids for path in _thread_status(pid)):
        key, _, value = line.partition(":")
        if key in sums:
            sums[key] += int(value)
    return tuple(sums.values())


def _thread_status(pid):
    try:
        return [f"/proc/{pid}/task/{tid}/status" for tid in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


def _lines(files):
    """The lines of those files that can be read: a process may end at any time."""
    for path in files:
        try:
            with open(path) as f:
                yield from f.readlines()
        except OSError:
            continue
