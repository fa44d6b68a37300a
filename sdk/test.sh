#!/usr/bin/env bash
# Runs the SDKs' own tests, and those of the examples, on this machine: no WebAssembly, no proxy. Rust's are cargo's.
#   usage: sdk/test.sh [LANGUAGE...]      all of js, python, go, c where none is named
# A language whose tools are missing is skipped with a word; with SANDGATE_LANGUAGES=all that is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
PATH=$root/target/tools/bin:$PATH

has() { type -P "$1" >/dev/null; }

js() {
  has node && [ -d sdk/js/node_modules ] || return 100
  (cd sdk/js && npm run --silent check && node --test)
}

python() {
  has python3 || return 100
  (cd sdk/python && python3 -m unittest discover -s tests)
}

golang() {
  has go || return 100
  for module in sdk/go examples-wasm/*/go; do
    if [ -f "$module/go.mod" ]; then go -C "$module" test ./... || return 1; fi
  done
}

c() {
  has cc || return 100
  local folder
  folder=$(mktemp -d)
  cc -std=c11 -Wall -Wextra -Werror -g -fsanitize=address,undefined -Isdk/c/include -Isdk/c/src \
    sdk/c/tests/test.c sdk/c/src/text.c sdk/c/src/json.c -o "$folder/test" && "$folder/test" || return 1
  rm -r "$folder"
}

[ $# -gt 0 ] || set -- js python go c
skipped=
for language in "$@"; do
  echo "sdk: testing $language"
  status=0
  case $language in
  js | python | c) "$language" || status=$? ;;
  go) golang || status=$? ;;
  *) echo "error: no language is named $language" >&2; exit 2 ;;
  esac
  case $status in
  0) ;;
  100) skipped="$skipped $language"; echo "sdk: SKIPPED $language, whose tools are missing: sdk/tools.sh $language" ;;
  *) echo "sdk: $language FAILED" >&2; exit 1 ;;
  esac
done
if [ -n "$skipped" ] && [ "${SANDGATE_LANGUAGES:-}" = all ]; then
  echo "error: SANDGATE_LANGUAGES=all, and there are no tools for$skipped" >&2
  exit 1
fi
