#!/usr/bin/env python3
"""Counts what clients lose while a proxy reloads again and again; ../README.md says how to read it."""

import argparse
import subprocess
import sys
import threading
import time

from clients import Tally, keep_alive_client, new_connection_client
from processes import tree_memory
from tunnels import Tunnels

KEEP_ALIVE_CLIENTS = 8
NEW_CONNECTION_CLIENTS = 4
# The last reload is over by so much before the clients stop.
TAIL_S = 2
RELOAD_LIMIT_S = 30


def main():
    """Exit status 1 if a request was lost or a tunnel died."""
    args = _arguments()
    tally, before = Tally(), tree_memory(args.pid)
    with Tunnels(args.tunnels) as tunnels:
        end = time.monotonic() + args.secs
        clients = _start_clients(args.port, end, tally)
        reloads = _reload_until(args.reload, args.every, end - TAIL_S)
        for client in clients:
            client.join()
        alive = tunnels.alive()
        after = tree_memory(args.pid)
        _print(reloads, tally, f"{alive}/{len(tunnels)}", before, after)
        return int(tally.counts["hard"] > 0 or alive < len(tunnels))


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int, help="where the proxy answers GET / with 200")
    parser.add_argument("reload", help="shell command that makes it reload, as 'kill -HUP 4711'")
    parser.add_argument("pid", type=int, help="its first process; its descendants count too")
    parser.add_argument("--secs", type=int, default=20)
    parser.add_argument("--every", type=float, default=1, metavar="SECS", help="between two reloads")
    parser.add_argument("--tunnels", type=int, metavar="PORT", help="where it passes WebSockets on /ws")
    return parser.parse_args()


def _start_clients(port, end, tally):
    kinds = [keep_alive_client] * KEEP_ALIVE_CLIENTS + [new_connection_client] * NEW_CONNECTION_CLIENTS
    threads = [threading.Thread(target=kind, args=(port, end, tally)) for kind in kinds]
    for thread in threads:
        thread.start()
    return threads


def _reload_until(command, gap_s, end):
    reloads = 0
    while time.monotonic() + gap_s < end:
        time.sleep(gap_s)
        done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=RELOAD_LIMIT_S)
        if done.returncode != 0:
            print(f"# reload {reloads}: {done.stderr.strip()[-300:]}", file=sys.stderr)
        reloads += 1
    return reloads


def _print(reloads, tally, tunnels, before, after):
    print(f"{reloads} reloads: {', '.join(f'{count} {kind}' for kind, count in tally.counts.items())}")
    for why, count in tally.losses.most_common():
        print(f"  {count} x {why}")
    print(f"latency: p99 {tally.percentile_ms(0.99):.1f} ms, max {tally.percentile_ms(1):.0f} ms")
    print(f"tunnels alive: {tunnels}")
    for when, (count, kib) in (("before", before), ("after", after)):
        print(f"{when}: {count} processes, {kib} KiB resident")


if __name__ == "__main__":
    sys.exit(main())
