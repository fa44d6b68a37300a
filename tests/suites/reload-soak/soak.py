#!/usr/bin/env python3
"""Reloads a large configuration thousands of times under light load; ../README.md says how to read it."""

import argparse
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

# The clients and the reading of /proc are those of the other suite.
sys.path.insert(0, str(Path(__file__).parent.parent / "reload"))

from clients import Tally, keep_alive_client, new_connection_client  # noqa: E402
from content import Content  # noqa: E402
from origin import Origin  # noqa: E402
from proxy import Proxy  # noqa: E402

SAMPLES = 20
# What is built once, and caches that fill, are no drift.
WARM_RELOADS = 100
DRIFT_LIMIT = 0.01


def main():
    """Exit status 1 if a request was lost, a reload refused, or memory grew."""
    args = _arguments()
    with tempfile.TemporaryDirectory() as folder, Origin() as origin:
        content = Content(Path(folder) / "site.yaml", args.routes, origin.port)
        content.write(0)
        with Proxy(args.binary, content.path) as proxy:
            return _soak(args, content, proxy)


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", help="sandgate")
    parser.add_argument("--reloads", type=int, default=10_000)
    parser.add_argument("--routes", type=int, default=1_000)
    return parser.parse_args()


def _soak(args, content, proxy):
    tally, stop = Tally(), threading.Event()
    clients = [_client(kind, proxy.port, stop, tally) for kind in (keep_alive_client, new_connection_client)]
    seconds, sizes = [], []
    for number in range(1, args.reloads + 1):
        content.write(number)
        seconds.append(proxy.reload())
        if number >= WARM_RELOADS and (number - WARM_RELOADS) % max(1, args.reloads // SAMPLES) == 0:
            sizes.append(proxy.resident_kib())
            print(f"{number:6} reloads: {sizes[-1]} KiB resident, {proxy.threads()} threads, "
                  f"{proxy.files()} files", flush=True)
    sizes.append(proxy.resident_kib())
    stop.set()
    for client in clients:
        client.join()
    return _judge(tally, seconds, sizes)


def _client(kind, port, stop, tally):
    thread = threading.Thread(target=kind, args=(port, _Until(stop), tally))
    thread.start()
    return thread


class _Until:
    """A time that is never over until an event has happened."""

    def __init__(self, event):
        self._event = event

    def __gt__(self, _now):
        return not self._event.is_set()


def _judge(tally, seconds, sizes):
    print(f"requests: {', '.join(f'{count} {kind}' for kind, count in tally.counts.items())}")
    for why, count in tally.losses.most_common():
        print(f"  {count} x {why}")
    ordered = sorted(seconds)
    print(f"a reload: median {ordered[len(ordered) // 2] * 1000:.1f} ms, max {ordered[-1] * 1000:.1f} ms")
    # Of both halves, as one look may come while two generations are there.
    half = max(1, len(sizes) // 2)
    before, after = (sorted(part)[len(part) // 2] for part in (sizes[:half], sizes[half:] or sizes))
    drift = after / before - 1
    print(f"resident: median {before} KiB in the first half, {after} KiB in the second: {drift:+.2%}")
    return int(tally.counts["hard"] > 0 or drift > DRIFT_LIMIT)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
