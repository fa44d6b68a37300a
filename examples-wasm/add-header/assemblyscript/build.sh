#!/usr/bin/env bash
# Makes a component of plugin.ts: asc makes a module, whose exports get the contract's names, and wasm-tools makes it a component.
#   usage: build.sh PLUGIN.wasm
#   needs: sdk/tools.sh assemblyscript
set -euo pipefail
output=$(realpath "${1:?usage: build.sh PLUGIN.wasm}")
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(cd ../../.. && pwd)
PATH=$root/target/tools/bin:$PATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cp "$root"/wit/*.wit "$folder"
version=$(sed -n 's/^package sandgate:proxy@\(.*\);$/\1/p' "$folder/types.wit")
echo "package sandgate:proxy@$version; world built { include imports; export on-request; export on-response; }" >"$folder/built.wit"
node_modules/.bin/asc plugin.ts -O3z --runtime stub --use abort= --textFile "$folder/plugin.wat"
hook() { # hook FUNCTION HOOK
  sed -i "s|(export \"$1\"|(export \"sandgate:proxy/$2@$version#$2\"|" "$folder/plugin.wat"
}
sed -i "s/@CONTRACT\"/@$version\"/" "$folder/plugin.wat"
hook onRequest on-request
hook onResponse on-response
wasm-tools component embed --world built "$folder" "$folder/plugin.wat" -o "$folder/embedded.wasm"
wasm-tools component new "$folder/embedded.wasm" -o "$output"
