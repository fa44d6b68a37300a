"""Processes: starting them on given cores, finding their children, ending them by pid."""

import os
import signal
import subprocess
import time

STOP_TIMEOUT_S = 5


def placed(cmd, cpus=None):
    """The command, pinned to cpus."""
    pin = ["taskset", "-c", ",".join(map(str, cpus))] if cpus else []
    return pin + [str(word) for word in cmd]


def start(cmd, log, cpus=None, cwd=None):
    """Starts a command in a session of its own, its output to a log file."""
    with open(log, "ab") as out:
        return subprocess.Popen(
            placed(cmd, cpus),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=cwd,
            start_new_session=True,
        )


def tree(root):
    """A process and all its descendants that still run."""
    parents = _parents()
    if root not in parents:
        return []
    pids, grew = {root}, True
    while grew:
        more = {p for p, parent in parents.items() if parent in pids} - pids
        grew = bool(more)
        pids |= more
    return sorted(pids)


def stop(proc):
    """Ends a started process and its descendants, by pid: asked first, killed when that takes too long."""
    pids = tree(proc.pid)
    for how in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            _send(pid, how)
        if _wait_gone(proc, pids):
            return


def stat_fields(pid):
    """/proc/PID/stat from the state on: what stands before may hold spaces."""
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()


def _parents():
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            found[int(name)] = int(stat_fields(name)[1])
        except OSError:
            continue  # it ended while we looked
    return found


def _send(pid, how):
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return


def _wait_gone(proc, pids):
    end = time.monotonic() + STOP_TIMEOUT_S
    while time.monotonic() < end:
        proc.poll()
        if not any(map(_alive, pids)):
            return True
        time.sleep(0.05)
    return False


def _alive(pid):
    try:
        return stat_fields(pid)[0] != "Z"
    except OSError:
        return False
