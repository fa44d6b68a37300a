"""The origins, each a process of its own so that it can be killed as a machine dies: without a word."""

import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path

START_LIMIT_S = 10
_PROGRAM = Path(__file__).with_name("origin.py")


class Origins:
    """All up from entering the context; none left after it."""

    def __init__(self, ports):
        self.ports = ports
        self._running = {}

    def __enter__(self):
        try:
            for port in self.ports:
                self.start(port)
            for port in self.ports:
                self._wait_up(port)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for port in list(self._running):
            self.kill(port)

    def start(self, port):
        """Starts one, without waiting for it."""
        self._running[port] = subprocess.Popen([sys.executable, _PROGRAM, str(port)])

    def kill(self, port):
        """Kills one, in the middle of whatever it does."""
        process = self._running.pop(port)
        process.kill()
        process.wait()

    def _wait_up(self, port):
        end = time.monotonic() + START_LIMIT_S
        while self._running[port].poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            time.sleep(0.05)
        raise SystemExit(f"the origin on port {port} did not start")
