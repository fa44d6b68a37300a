"""The host: the contract's interfaces in a component, those of ``sandgate.testing`` anywhere else."""

import sys
from importlib import import_module
from typing import Any

#: Whether this is a component, or is about to become one.
IS_COMPONENT = sys.platform == "wasi"


def interface(name: str) -> Any:
    """An interface that the component imports."""
    return import_module(f"wit_world.imports.{name}" if IS_COMPONENT else f"sandgate._mock.{name}")


def exported(name: str) -> Any:
    """An interface that the component exports: its types."""
    return import_module(f"wit_world.exports.{name}" if IS_COMPONENT else "sandgate._mock.types")


def interface_error(text: str) -> Exception:
    """What generated code takes for the error of a result."""
    types = import_module("componentize_py_types" if IS_COMPONENT else "sandgate._mock.types")
    return types.Err(text)
