"""Where things are: the bench's own folders and the workspace around it."""

import os
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
WORKSPACE = BENCH.parent.parent
BIN = BENCH / "bin"
PEERS = BENCH / "peers"
RESULTS = BENCH / "results"
RUN = BENCH / "run"
LOADTOOLS = BIN / "loadtools"


def sandgate():
    """The proxy under test: SANDGATE_BIN, or what `cargo build --release -p sandgate` made."""
    return os.environ.get("SANDGATE_BIN", str(WORKSPACE / "target/release/sandgate"))


def guests():
    """The components it loads: SANDGATE_GUESTS, or what `cargo xtask guests` made."""
    return os.environ.get("SANDGATE_GUESTS", str(WORKSPACE / "target/guests"))


def envoy():
    """Envoy's program: ENVOY_BIN, or the link that setup.sh made into the venv."""
    return os.environ.get("ENVOY_BIN", str(BIN / "envoy"))
