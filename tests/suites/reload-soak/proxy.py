"""The proxy: started, reloaded by a signal, looked at from outside, ended."""

import json
import os
import signal
import subprocess
import time

from processes import tree_memory


class Proxy:
    """Runs as long as it is entered."""

    def __init__(self, binary, config):
        self._command = [binary, "run", str(config)]
        self._process = None
        self.port = None

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stderr=subprocess.PIPE, text=True)
        listening = self._line("listening")
        self.port = int(listening["address"].rsplit(":", 1)[1])
        self._line("ready")
        return self

    def __exit__(self, *_error):
        self._process.terminate()
        self._process.wait()

    def reload(self):
        """How long it took, in seconds; an error if it was refused."""
        began = time.monotonic()
        self._process.send_signal(signal.SIGHUP)
        self._line("configuration applied")
        return time.monotonic() - began

    def resident_kib(self):
        return tree_memory(self._process.pid)[1]

    def threads(self):
        return len(os.listdir(f"/proc/{self._process.pid}/task"))

    def files(self):
        return len(os.listdir(f"/proc/{self._process.pid}/fd"))

    def _line(self, message):
        for line in self._process.stderr:
            said = json.loads(line)
            if said.get("message") == message:
                return said
            if said.get("level") in ("ERROR", "WARN"):
                raise RuntimeError(line)
        raise RuntimeError("the proxy has ended")
