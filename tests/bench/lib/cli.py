"""The command line: reads it, runs one command, ends what was started whatever happens."""

import argparse
import signal
import sys
from dataclasses import fields, replace

from . import catalogue, many, probe, readme, report, rounds, spin, stats, syscalls, tenants
from .rig import MODES, Rig
from .scenarios import DEFAULT_SUBJECTS, README_SUBJECTS, SCENARIOS, subjects
from .subject import Subject

_HELP = """HTTP proxies side by side on one machine, over loopback only.

  list      peers, flavors, versions
  check     starts each, sees that it does its job
  compare   --scenario S1,S6 --proxies nginx,envoy:lua (or s1, s4, ...: a command for each scenario)
  readme    the table of the project's README
  spin      honest traffic alone and beside a guest that loops for ever
  tenants   an honest tenant alone and beside one whose guests loop for ever
  many      --plugins 10000: that many components in one process
  noise     A/A: the same proxy twice, how far apart
  syscalls  system calls per request (strace; not a timing)
  report    tables again, from the files of kept records
"""


def main():
    """Exit status: 0 done, 1 a check failed."""
    for how in (signal.SIGTERM, signal.SIGINT):
        signal.signal(how, _end)
    parser = _parser()
    args = parser.parse_args()
    args.specs = args.proxies.split(",") if args.proxies else None
    args.peers = catalogue.load() | {p.name: p for p in map(catalogue.from_argument, args.add)}
    args.plan = rounds.Plan(**{f.name: getattr(args, f.name) for f in fields(rounds.Plan)})
    by_lower_case = {name.lower(): name for name in SCENARIOS}
    if args.command in by_lower_case:
        args.scenario, args.command = by_lower_case[args.command], "compare"
    if args.command not in _COMMANDS:
        parser.error(f"unknown command {args.command}")
    return _COMMANDS[args.command](args)


def _end(*_):
    raise SystemExit("ended by a signal")  # not at once: what was started is ended first


def _parser():
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="bench", description=_HELP, formatter_class=formatter)
    add = parser.add_argument
    add("command", type=str.lower)
    add("files", nargs="*", help="of kept records, for report")
    add("--scenario", default="S1", help="S1 .. S8, or several with commas")
    add("--proxies", help=f"subjects, as nginx,envoy:lua (default {','.join(DEFAULT_SUBJECTS)})")
    add("--add", action="append", default=[], help="a peer: 'name=x;cmd=./x --port @PORT@'")
    add("--mode", choices=MODES, default="pin1")
    add("--rounds", type=int, default=5)
    add("--secs", type=int, help="in place of the scenario's own, as are the next three")
    add("--conns", type=int)
    add("--rate", type=int)
    add("--path")
    add("--plugins", type=int, default=10_000, help="many: how many components")
    add("--closed", action="store_true", help="syscalls: a closed loop, not 1,000/s")
    add("--baseline", help="what the ratios are taken against (default: the first subject)")
    add("--quiet", type=float, help="wait before each run until other work uses less than this many cores")
    add("--quiet-wait", type=float, default=15, help="... but no longer than this many seconds")
    add("--max-foreign", type=float, help="leave out what was measured beside more other work (cores)")
    add("--out", help="file for the records (JSON lines)")
    return parser


def _scenario(args, name):
    if name not in SCENARIOS:
        raise SystemExit(f"no such scenario: {name} (there are: {', '.join(SCENARIOS)})")
    given = {k: getattr(args, k) for k in ("conns", "rate", "path") if getattr(args, k) is not None}
    return replace(SCENARIOS[name], **given)


def _measure(args, name, specs):
    records = rounds.run(args.plan, name, _scenario(args, name), specs, args.peers)
    if not records:
        raise SystemExit("nothing was measured")
    return report.quiet(records, args.max_foreign)


def _subjects(args, specs):
    return [Subject(spec, args.peers, MODES["pin1"], (0, 0)) for spec in specs]


def _list(args):
    for s in _subjects(args, args.peers):
        print(f"{s.spec}: {s.version()}\n    {s.peer.about}\n    {', '.join(s.peer.flavors)}")


def _check(args):
    every = [f"{name}:{flavor}" for name, peer in args.peers.items() for flavor in peer.flavors]
    failed = 0
    with Rig("pin1") as rig:
        for spec in args.specs or every:
            found = _complaints(rig, spec, args.peers)
            print(f"{spec}: {'; '.join(found) or 'ok'}", flush=True)
            failed += bool(found)
    return int(failed > 0)


def _complaints(rig, spec, peers):
    subject = rig.subject(spec, peers)
    try:
        subject.start()
        return probe.complaints(subject, subject.supports("S5"))
    except (RuntimeError, OSError) as e:
        return [f"FAILED: {e}"]
    finally:
        rig.drop(subject)


def _compare(args):
    for name in args.scenario.split(","):
        _scenario(args, name)
        print(report.table(_measure(args, name, subjects(name, args.specs, args.peers)), args.baseline))


def _readme(args):
    records = _measure(args, "S4", args.specs or README_SUBJECTS)
    names = dict.fromkeys(subject.split(":")[0] for subject in report.subjects(records))
    versions = {s.spec: s.version() for s in _subjects(args, names)}
    print(readme.table(records, versions, " ".join(["./bench", *sys.argv[1:]])))


def _spin(args):
    print(spin.run(args.plan, args.peers))


def _tenants(args):
    print(tenants.run(args.plan))


def _many(args):
    print(many.run(args.plan, args.plugins))


def _noise(args):
    for name in args.specs or ["nginx"]:
        records = _measure(args, args.scenario, [name, f"{name}#2"])
        for field in ("cpu_us_per_req", "p99_us"):
            found = stats.ratios(records, f"{name}#2", name, field)
            if found:
                print(f"A/A {name} {field}: {stats.median(found):.3f}, {min(found):.3f} to {max(found):.3f}")


def _syscalls(args):
    rate = 0 if args.closed else args.rate or 1000
    syscalls.run(args.specs or DEFAULT_SUBJECTS, rate, args.peers)


def _report(args):
    for records in report.load(args.files).values():
        print(report.table(report.quiet(records, args.max_foreign), args.baseline or "nginx"))


_COMMANDS = {
    "list": _list,
    "check": _check,
    "compare": _compare,
    "readme": _readme,
    "spin": _spin,
    "tenants": _tenants,
    "many": _many,
    "noise": _noise,
    "syscalls": _syscalls,
    "report": _report,
}
