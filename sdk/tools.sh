#!/usr/bin/env bash
# Installs what a language's plugins are built with, from the language's own package manager, at the versions of this repository:
# Python packages into target/tools, those of npm beside what needs them. Nothing is put anywhere else.
#   usage: sdk/tools.sh LANGUAGE...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  echo "usage: sdk/tools.sh js|python|go|c|zig|assemblyscript..." >&2
  exit 2
}

packages() { # packages LANGUAGE: what its requirements.txt names
  [ -x target/tools/bin/pip ] || python3 -m venv target/tools
  target/tools/bin/pip install --quiet --disable-pip-version-check -r "sdk/$1/requirements.txt"
}

modules() { # modules FOLDER: what its package.json names
  # Not `ci`: packages for other platforms, which some registries lack, are in no lock file made with one of them.
  npm install --prefix "$1" --no-save --ignore-scripts --no-audit --no-fund
}

[ $# -gt 0 ] || usage
for language in "$@"; do
  case $language in
    js) modules sdk/js ;;
    python) packages python ;;
    go) packages go ;;
    c) packages c ;;
    zig) packages c ;;
    assemblyscript) modules examples-wasm/add-header/assemblyscript; packages c ;;
    *) usage ;;
  esac
done
