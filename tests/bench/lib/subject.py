"""A subject: one flavor of one peer, filled in, started and ended.

It is written NAME or NAME:FLAVOR, as nginx or nginx:lua; NAME#2 is a second instance of the same,
for A/A runs.
"""

import re
import shutil
import subprocess
import time

from . import certificate, paths, ports, probe, procs, template


class Subject:
    """Its ports and folder are its own from the beginning; its process from start() to stop()."""

    # What the constant-rate client asks for; None: its address.
    host = None

    def __init__(self, spec, peers, placement, upstreams):
        self.spec = spec
        name, _, flavor = spec.split("#")[0].partition(":")
        self.flavor = flavor or "plain"
        if name not in peers:
            raise SystemExit(f"no such peer: {name} (there are: {', '.join(peers)})")
        self.peer = peers[name]
        if self.flavor not in self.peer.flavors:
            raise SystemExit(f"{name} has no flavor {flavor} (it has: {', '.join(self.peer.flavors)})")
        self.placement, self.upstreams = placement, upstreams
        self.port, self.tls_port = ports.free(), ports.free()
        self.h2_port = self.port if self.peer.h2_on_port else ports.free()
        self.run = paths.RUN / re.sub(r"[^\w-]", "_", spec)
        self.proc = None

    @property
    def does_header_work(self):
        """Whether it sets the two headers, which check then wants to see."""
        return self.flavor not in self.peer.forward_only

    @property
    def must_balance(self):
        """Whether requests one after the other must reach both upstreams."""
        return self.flavor not in self.peer.one_upstream

    @property
    def has_pages(self):
        """Whether it forwards to the origin, and answers with its pages."""
        return self.flavor not in self.peer.no_pages

    def supports(self, scenario_id):
        """Whether the peer can do that scenario at all."""
        return scenario_id not in self.peer.unsupported

    def start(self):
        """Starts it and returns when it answers; RuntimeError with the end of its output if it doesn't."""
        self._write_templates()
        cmd = [self._fill(word) for word in self.peer.cmd]
        try:
            self.proc = procs.start(cmd, self.run / "output.log", self.placement.proxy_cpus, cwd=self.run)
        except OSError as e:
            raise RuntimeError(f"{self.spec}: {e}") from e
        end = time.monotonic() + self.peer.ready_timeout
        while not self._answers():
            if self.proc.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"{self.spec} did not come up: {self._output()[-1500:]}")
            time.sleep(0.1)

    def stop(self):
        """Ends it, if it runs."""
        if self.proc:
            procs.stop(self.proc)
            self.proc = None

    def pids(self):
        """The processes whose cost counts: the command and all its descendants."""
        return procs.tree(self.proc.pid)

    def version(self):
        """What it says of itself, in one line."""
        said = subprocess.run(self._fill(self.peer.version), shell=True, capture_output=True, text=True)
        return (said.stdout.strip() or "not installed").splitlines()[0]

    def _write_templates(self):
        certificate.ensure()
        shutil.rmtree(self.run, ignore_errors=True)
        self.run.mkdir(parents=True)
        self.run.chmod(0o777)  # workers of some peers run as another user
        for name in self.peer.templates:
            text = (paths.PEERS / self.peer.name / name).read_text()
            (self.run / name).write_text(self._fill(text))

    def _answers(self):
        try:
            return probe.get(self.port, "/small", timeout=2).status == 200
        except (OSError, ValueError):
            return False

    def _output(self):
        return (self.run / "output.log").read_text(errors="replace")

    def _fill(self, text):
        return template.fill(text, self.flavor, self._variables())

    def _variables(self):
        return {
            "PORT": self.port,
            "TLSPORT": self.tls_port,
            "H2PORT": self.h2_port,
            "UP1": self.upstreams[0],
            "UP2": self.upstreams[1],
            "WORKERS": self.placement.workers,
            "CERT": certificate.CERTIFICATE,
            "KEY": certificate.KEY,
            "PEM": certificate.BOTH,
            "RUN": self.run,
            "PEER": paths.PEERS / self.peer.name,
            "BENCH": paths.BENCH,
            "ENVOY": paths.envoy(),
            "SANDGATE": paths.sandgate(),
            "GUESTS": paths.guests(),
        }
