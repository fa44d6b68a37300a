"""Loads: each runs one bounded load against a started subject and returns a dict of numbers."""

import json
import re
import resource
import subprocess

from . import idle, paths, procs

# A generator that isn't back by then hangs: it was told how many seconds to run.
GRACE_S = 30


def run(subject, scenario, secs, placement):
    """The scenario's load, for that many seconds."""
    return _LOADS[scenario.load](subject, scenario, secs, placement)


def rate_command(port, scenario, secs):
    """The constant-rate client's command line; it sends one extra header at most."""
    header = [word for h in scenario.headers[:1] for word in ("--header", h)]
    # fmt: off
    return [paths.LOADTOOLS, "rate", "--port", port, "--path", scenario.path, "--conns", scenario.conns,
            "--rate", scenario.rate, "--secs", secs, "--warmup", 0, *header]
    # fmt: on


def _finish(cmd, cpus, limit):
    """Runs a load generator to its end: (its output, its CPU seconds)."""
    cmd = procs.placed(cmd, cpus)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(cmd, capture_output=True, text=True, timeout=limit)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"{cmd}: {done.stdout[-300:]} {done.stderr[-500:]}")
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _wrk(subject, scenario, secs, placement):
    """HTTP/1.1 closed loop."""
    script = paths.BENCH / "scripts" / "wrk_json.lua"
    cmd = [
        "wrk",
        f"-t{placement.threads}",
        f"-c{scenario.conns}",
        f"-d{secs}s",
        "--timeout",
        "10s",
        "-s",
        script,
    ]
    cmd += ["-H", "Connection: close"] if scenario.new_connections else []
    cmd += _header_arguments(scenario)
    cmd.append(scenario.url(subject))
    cmd += ["--", scenario.upload] if scenario.upload else []
    out, cpu = _finish(cmd, placement.load_cpus, secs + GRACE_S)
    numbers = json.loads(re.search(r"^JSON (.*)$", out, re.M)[1])
    numbers["errors"] = sum(v for k, v in numbers.items() if k.startswith("err_"))
    return numbers | {"load_cpu_s": cpu}


def _rate(subject, scenario, secs, placement):
    """HTTP/1.1 at a constant rate; a request's latency counts from the instant it was due."""
    cmd = rate_command(subject.port, scenario, secs)
    cmd += ["--host", subject.host] if subject.host else []
    out, cpu = _finish(cmd, placement.load_cpus, secs + GRACE_S)
    numbers = json.loads(out)
    numbers["errors"] += numbers["non2xx"]
    return numbers | {"load_cpu_s": cpu}


def _h2load(subject, scenario, secs, placement):
    """HTTP/2 closed loop: as many connections of as many streams each as the scenario says."""
    log = subject.run / "h2load.log"
    log.unlink(missing_ok=True)
    cmd = ["h2load", f"-c{scenario.conns}", f"-m{scenario.streams}", f"-t{placement.threads}", f"-D{secs}"]
    cmd += [f"--log-file={log}", *_header_arguments(scenario), scenario.url(subject)]
    out, cpu = _finish(cmd, placement.load_cpus, secs + GRACE_S)
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    log.unlink()
    if not rows:
        raise RuntimeError(f"h2load finished no request: {out[-800:]}")
    took = re.search(r"finished in ([\d.]+)(m?s)", out)
    numbers = _percentiles(sorted(int(row[2]) for row in rows))
    numbers["secs"] = float(took[1]) / (1000 if took[2] == "ms" else 1)
    numbers["errors"] = sum(not 200 <= int(row[1]) < 300 for row in rows)
    return numbers | {"load_cpu_s": cpu}


def _header_arguments(scenario):
    return [word for header in scenario.headers for word in ("-H", header)]


def _percentiles(times):
    count = len(times)
    quantiles = {"p50_us": 0.5, "p90_us": 0.9, "p99_us": 0.99, "p999_us": 0.999}
    found = {name: times[min(count - 1, int(q * count))] for name, q in quantiles.items()}
    return {"requests": count, "mean_us": sum(times) / count, "max_us": times[-1]} | found


_LOADS = {"wrk": _wrk, "h2load": _h2load, "rate": _rate, "idle": idle.load}
