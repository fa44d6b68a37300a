#!/usr/bin/env bash
# Makes `cargo build --target TARGET` work for WebAssembly targets, also where only package registries can be reached.
#   usage: wasm-std.sh [TARGET...]     wasm32-wasip2 (the default), wasm32-wasip1, wasm32-unknown-unknown
#   environment: NO_RUSTUP=1 leaves out step 2; WASM_STD_CACHE and WASM_STD_SUITES say where to keep and to look
#
# 1. The target's standard library is there: nothing to do.
# 2. `rustup target add`, the ordinary way.
# 3. Where that can't be had, it is built from Debian's rust-src of the very same version, and put where rustup would.
#    Needs rustc, cargo, apt with a Debian mirror, and the crates registry.
# 4. Where no suite has that version: Debian's own rustc-web and rust-web-src, in a private folder. Prints the
#    `export RUSTC=` that selects it.
set -euo pipefail
[ $# -gt 0 ] || set -- wasm32-wasip2
cache=${WASM_STD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wasm-std}
sysroot=$(rustc --print sysroot)
release=$(rustc -vV | sed -n 's/^release: //p')
missing=()
for t in "$@"; do compgen -G "$sysroot/lib/rustlib/$t/lib/libstd-*.rlib" >/dev/null || missing+=("$t"); done
[ ${#missing[@]} -gt 0 ] || { echo "already installed: $*" >&2; exit 0; }
if [ -z "${NO_RUSTUP-}" ] && command -v rustup >/dev/null && timeout 120 rustup target add "${missing[@]}" >&2; then exit 0; fi

mkdir -p "$cache"/apt/{state/lists/partial,archives/partial} "$cache"/debs
touch "$cache/apt/status"
# the configured Debian mirror, whatever its name is
uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/*$' | sort -u | head -n1)
key=$(ls /usr/share/keyrings/debian-archive-keyring.* | head -n1)
xapt() { # xapt SUITE COMMAND...: apt with its own lists, so the machine's sources stay as they are
  local suite=$1; shift; local c="$cache/apt/$suite"; mkdir -p "$c"/{lists/partial,archives/partial}
  echo "deb [signed-by=$key] $uri $suite main" >"$c/sources.list"
  local o=(-q -o Dir::State="$c" -o Dir::State::lists="$c/lists" -o Dir::State::status="$cache/apt/status"
    -o Dir::Cache="$c" -o Dir::Etc::sourcelist="$c/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::Etc::preferencesparts=/dev/null -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
    -o APT::Sandbox::User=root -o Acquire::Languages=none)
  case $1 in update) apt-get "${o[@]}" update >/dev/null ;; madison) apt-cache "${o[@]}" madison "$2" ;;
    download) (cd "$cache/debs" && apt-get "${o[@]}" download "$2" >/dev/null) ;; esac
}
unpack() { dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --wildcards "${@:3}"; }

src= libc=
for suite in ${WASM_STD_SUITES-trixie-backports forky sid trixie experimental}; do
  xapt "$suite" update || continue
  if [ -z "$src" ]; then
    v=$(xapt "$suite" madison rust-src | awk '{print $3}' | grep -F "$release+" | head -n1 || true)
    [ -z "$v" ] || { xapt "$suite" download "rust-src=$v"; src=$(ls "$cache"/debs/rust-src_"$release"*.deb | head -n1); }
  fi
  if [ -z "$libc" ]; then
    v=$(xapt "$suite" madison wasi-libc | awk '{print $3; exit}')
    [ -z "$v" ] || { xapt "$suite" download "wasi-libc=$v"; libc=$(ls "$cache"/debs/wasi-libc_*.deb | head -n1); }
  fi
  [ -z "$src" ] || [ -z "$libc" ] || break
done

rm -rf "$cache/build"; mkdir -p "$cache/build/src" "$cache/x"
if [ -n "$src" ]; then
  unpack "$src" "$cache/x" "./usr/src/rustc-$release/library"
  export RUSTC="$(command -v rustc)"
else # Debian's own compiler, from the suites this machine already has
  (cd "$cache/debs" && apt-get -q -o APT::Sandbox::User=root download rustc-web rust-web-src libstd-rust-web-dev libllvm22 \
     "$(apt-cache depends libstd-rust-web-dev | sed -n 's/.*Depends: \(libstd-rust-web-[0-9.]*\).*/\1/p')" >/dev/null)
  for d in "$cache"/debs/{rustc-web,libstd-rust-web,libllvm}*.deb; do dpkg -x "$d" "$cache/x"; done
  unpack "$cache"/debs/rust-web-src_*.deb "$cache/x" './usr/src/*/library'
  cat >"$cache/rustc" <<W
#!/bin/sh
R="$cache/x/usr"
LD_LIBRARY_PATH="\$R/lib/x86_64-linux-gnu:\$R/lib/llvm-22/lib" exec "\$R/bin/rustc" "\$@"
W
  chmod +x "$cache/rustc"
  ln -sfn "$sysroot/lib/rustlib/x86_64-unknown-linux-gnu/bin" "$cache/x/usr/lib/rustlib/x86_64-unknown-linux-gnu/bin" # rust-lld, wasm-component-ld
  export RUSTC="$cache/rustc"
  sysroot=$("$RUSTC" --print sysroot); release=$("$RUSTC" -vV | sed -n 's/^release: //p')
fi
printf '[package]\nname = "sysroot_stub"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[profile.release]\nopt-level = 3\ncodegen-units = 1\n' >"$cache/build/Cargo.toml"
: >"$cache/build/src/lib.rs"
args=(); for t in "${missing[@]}"; do args+=(--target "$t"); done
(cd "$cache/build" && env -u RUSTC_WRAPPER RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes \
   __CARGO_TESTS_ONLY_SRC_ROOT="$cache/x/usr/src/rustc-$release/library" CARGO_TARGET_DIR="$cache/build/target" \
   cargo build -q --release -Zbuild-std=std,panic_abort "${args[@]}")
for t in "${missing[@]}"; do
  new="$sysroot/lib/rustlib/$t.new"; rm -rf "$new"; mkdir -p "$new/lib/self-contained"
  cp "$cache/build/target/$t/release/deps/"*.rlib "$new/lib/"; rm -f "$new"/lib/libsysroot_stub*
  case $t in
    wasm32-wasip1) unpack "$libc" "$cache/x" './usr/lib/wasm32-wasi/*'; cp "$cache"/x/usr/lib/wasm32-wasi/{crt1-command.o,crt1-reactor.o,libc.a} "$new/lib/self-contained/" ;;
    wasm32-wasip2) unpack "$libc" "$cache/x" './usr/lib/wasm32-wasip2/*'; cp "$cache"/x/usr/lib/wasm32-wasip2/{crt1-command.o,crt1-reactor.o,libc.a} "$new/lib/self-contained/" ;;
  esac
  echo "built from Debian source by wasm-std.sh" >"$new/README"
  rm -rf "$sysroot/lib/rustlib/$t"; mv "$new" "$sysroot/lib/rustlib/$t"
done
rm -rf "$cache/build/target"
echo "installed ${missing[*]} for rustc $release in $sysroot" >&2
[ -n "$src" ] || echo "export RUSTC=$RUSTC"
