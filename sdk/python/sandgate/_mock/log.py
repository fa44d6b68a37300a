"""`log`, kept."""

from enum import Enum

from . import state


class Level(Enum):
    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


def write(level: Level, message: str) -> None:
    state.logged.append((level.value, message))
