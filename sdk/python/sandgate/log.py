"""Lines in the host's log, marked with the plugin's name and the exchange's id."""

from ._host import interface

_host = interface("log")


def debug(message: object) -> None:
    """For whoever writes the plugin."""
    _host.write(_host.Level.DEBUG, str(message))


def info(message: object) -> None:
    """Normal, worth a line."""
    _host.write(_host.Level.INFO, str(message))


def warn(message: object) -> None:
    """Odd but handled."""
    _host.write(_host.Level.WARN, str(message))


def error(message: object) -> None:
    """Someone must act."""
    _host.write(_host.Level.ERROR, str(message))
