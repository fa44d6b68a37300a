#!/usr/bin/env python3
"""Counts what clients see while the origins behind a proxy are killed in turn; see ../README.md."""

import argparse
import http.client
import itertools
import sys
import threading
import time
from collections import Counter

from origins import Origins

CLIENTS = {"GET": 8, "POST": 4}
PAUSE_S = 0.005
TIMEOUT_S = 10
# An origin is down for one second, then all are up for one.
STEP_S = 1
# All origins are up for so long at the end.
TAIL_S = 3


class Tally:
    """Answers of one method by status or fault, and how long they took."""

    def __init__(self):
        self._lock = threading.Lock()
        self.outcomes = Counter()
        self._seconds = []

    def add(self, outcome, seconds):
        """One request is over."""
        with self._lock:
            self.outcomes[outcome] += 1
            self._seconds.append(seconds)

    def percentile_ms(self, share):
        """Of the answers' times, faults included."""
        ordered = sorted(self._seconds) or [0]
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def main():
    """Exit status 1 if a GET got anything but 200."""
    args = _arguments()
    tallies = {method: Tally() for method in CLIENTS}
    with Origins([int(port) for port in args.origins.split(",")]) as origins:
        end = time.monotonic() + args.secs
        clients = [
            threading.Thread(target=_client, args=(args.port, method, end, tallies[method]))
            for method, count in CLIENTS.items()
            for _ in range(count)
        ]
        for client in clients:
            client.start()
        kills = _kill_in_turn(origins, end - TAIL_S)
        for client in clients:
            client.join()
    _print(kills, tallies)
    return int(set(tallies["GET"].outcomes) != {200})


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int, help="where the proxy listens")
    parser.add_argument("origins", help="ports of its endpoints, as 9001,9002,9003; started here")
    parser.add_argument("--secs", type=int, default=20)
    return parser.parse_args()


def _client(port, method, end, tally):
    conn = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    while time.monotonic() < end:
        began = time.monotonic()
        tally.add(_one(conn, method), time.monotonic() - began)
        time.sleep(PAUSE_S)
    conn.close()


def _one(conn, method):
    """One request: its status, or the name of what went wrong."""
    try:
        conn.request(method, "/", body=b"x" * 100 if method == "POST" else None)
        answer = conn.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as e:
        conn.close()  # the next request opens another
        return type(e).__name__
    return answer.status


def _kill_in_turn(origins, end):
    for kills, port in enumerate(itertools.cycle(origins.ports)):
        if time.monotonic() + 2 * STEP_S > end:
            return kills
        time.sleep(STEP_S)
        origins.kill(port)
        time.sleep(STEP_S)
        origins.start(port)


def _print(kills, tallies):
    print(f"{kills} kills")
    for method, tally in tallies.items():
        outcomes = ", ".join(f"{count} x {outcome}" for outcome, count in tally.outcomes.most_common())
        p99, longest = tally.percentile_ms(0.99), tally.percentile_ms(1)
        print(f"{method}: {outcomes}; p99 {p99:.0f} ms, max {longest:.0f} ms")


if __name__ == "__main__":
    sys.exit(main())
