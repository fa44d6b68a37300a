"""A process and its descendants: a reload that forgets old workers shows here."""

import os
import re


def tree_memory(root):
    """(number of processes, their resident memory in KiB)."""
    sizes, todo = [], [root]
    while todo:
        pid = todo.pop()
        try:
            sizes.append(_resident_kib(pid))
            todo += _children(pid)
        except OSError:
            continue  # it ended while we looked
    return len(sizes), sum(sizes)


def _resident_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        found = re.search(r"VmRSS:\s+(\d+)", f.read())
    return int(found[1]) if found else 0  # a process that has ended and isn't waited for has none


def _children(pid):
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children") as f:
            found += map(int, f.read().split())
    return found
