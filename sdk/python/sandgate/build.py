"""`python -m sandgate.build PLUGIN.py -o FILE`: makes a component of a module that has hooks.

Its world is what the plugin has: its hooks, and the interfaces of the host whose modules it imports.
"""

import argparse
import importlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
#: In the package, or in the repository.
WIT = next((folder for folder in (HERE / "wit", HERE.parents[2] / "wit") if (folder / "types.wit").is_file()), None)
#: The interfaces of the host, by the SDK's modules.
INTERFACES = ["exchange", "log", "clock", "random", "trace", "kv", "counter", "rate_limit", "metrics", "callout"]
#: What the module with the exports is named; no plugin is.
APP = "sandgate_app"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="sandgate-build", description="Makes a component of a plugin.")
    parser.add_argument("plugin", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but what is wrong")
    arguments = parser.parse_args()
    try:
        hooks = build(arguments.plugin.resolve(), arguments.output.resolve())
    except (OSError, ValueError, ImportError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        sys.exit(f"error: {said.strip()}")
    if not arguments.quiet:
        print(f"{arguments.output}: {', '.join(hooks)} ({arguments.output.stat().st_size} bytes)", file=sys.stderr)


def build(plugin: Path, output: Path) -> list[str]:
    """Makes a component of a plugin's module, and gives the hooks that it has."""
    hooks, imports = found(plugin)
    with tempfile.TemporaryDirectory() as folder:
        wit, app = Path(folder) / "wit", Path(folder) / "app"
        write_wit(wit, hooks, imports)
        app.mkdir()
        (app / f"{APP}.py").write_text(exports(plugin.stem, hooks))
        # Given a folder with more than the plugin, componentize-py would take all that is in it.
        shutil.copy(plugin, app)
        shutil.copytree(HERE, app / "sandgate", ignore=shutil.ignore_patterns("__pycache__", "_mock", "wit"))
        for module in plugin.parent.glob("*.py"):
            if not module.name.startswith("test_"):
                shutil.copy(module, app)
        command = [tool(), "-d", str(wit), "-w", "built", "componentize", "-p", str(app), "--stub-wasi", "-o", str(output), APP]
        subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    return hooks


def found(plugin: Path) -> tuple[list[str], list[str]]:
    """The hooks that a plugin has, and the interfaces that it uses: it is imported with the host of tests."""
    from . import _glue

    sys.path.insert(0, str(plugin.parent))
    hooks = _glue.hooks(importlib.import_module(plugin.stem))
    if all(hook == "plugin" for hook in hooks):
        raise ValueError(f"{plugin} has no hook: there are {', '.join(_glue.EXPORTS)}")
    used = [name for name in INTERFACES if f"sandgate.{name}" in sys.modules]
    return hooks, [name.replace("_", "-") for name in used]


def contract_version() -> str:
    """The version of the contract, as its files say: `0.1.0`."""
    if WIT is None:
        raise ValueError("the contract's WIT is missing")
    version = re.search(r"^package sandgate:proxy@([^;]+);", (WIT / "types.wit").read_text(), re.MULTILINE)
    if version is None:
        raise ValueError(f"{WIT / 'types.wit'} has no version")
    return version[1]


def write_wit(folder: Path, hooks: list[str], imports: list[str]) -> None:
    """Writes the contract, and the world `built`, into a folder."""
    version = contract_version()
    folder.mkdir()
    for file in (WIT or folder).glob("*.wit"):
        shutil.copy(file, folder)
    lines = [f"  import {name};\n" for name in ["types", *imports]] + [f"  export {name};\n" for name in hooks]
    (folder / "built.wit").write_text(f"package sandgate:proxy@{version};\n\nworld built {{\n{''.join(lines)}}}\n")


def exports(module: str, hooks: list[str]) -> str:
    """The module that componentize-py takes the exports from."""
    classes = ["".join(part.capitalize() for part in hook.split("-")) for hook in hooks]
    lines = [f"{name} = _glue.export({hook!r}, plugin)\n" for name, hook in zip(classes, hooks, strict=True)]
    return f"import {module} as plugin\nfrom sandgate import _glue\n\n{''.join(lines)}"


def tool() -> str:
    """componentize-py: beside this Python, or wherever the shell finds it."""
    beside = Path(sys.executable).parent / "componentize-py"
    path = str(beside) if beside.is_file() else shutil.which("componentize-py")
    if path is None:
        raise ValueError("componentize-py is missing: pip install -r requirements.txt")
    return path


if __name__ == "__main__":
    main()
