"""The peers that can be measured: a folder each under peers/, or given on the command line."""

import tomllib
from dataclasses import dataclass, field

from . import paths


@dataclass(frozen=True)
class Peer:
    """What peer.toml says; ../README.md has the keys."""

    name: str
    cmd: list[str]
    about: str = "given on the command line"
    flavors: list[str] = field(default_factory=lambda: ["plain"])
    forward_only: list[str] = field(default_factory=lambda: ["plain"])
    templates: list[str] = field(default_factory=list)
    unsupported: list[str] = field(default_factory=list)
    one_upstream: list[str] = field(default_factory=list)
    no_pages: list[str] = field(default_factory=list)
    h2_on_port: bool = False
    ready_timeout: float = 15
    version: str = "echo ?"


def load():
    """All peers of the folder, by name."""
    found = sorted(paths.PEERS.glob("*/peer.toml"))
    return {f.parent.name: Peer(name=f.parent.name, **tomllib.loads(f.read_text())) for f in found}


def from_argument(text):
    """The peer of --add 'name=x;cmd=./x --listen 127.0.0.1:@PORT@;unsupported=S5,S6'."""
    given = dict(part.split("=", 1) for part in text.split(";") if part)
    lists = {k: given.pop(k).split(",") for k in ("flavors", "forward_only", "unsupported") if k in given}
    h2_on_port = given.pop("h2_on_port", "no") == "yes"
    return Peer(cmd=given.pop("cmd").split(), h2_on_port=h2_on_port, **lists, **given)
