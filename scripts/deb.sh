#!/usr/bin/env bash
# Debian packages of xtcp, built in a directory of the cache:
#
#   scripts/deb.sh [DIRECTORY]     xtcp-dkms and xtcp-tools there (default: deb in the cache); prints their names
#
# What they are made of is scripts/debian; their version is the module's.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

OUT=${1:-$CACHE/deb}
deps deb
mkdir -p "$OUT" "$CACHE/tmp"
WORK=$(mktemp -d "$CACHE/tmp/deb.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
VERSION=$(sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' "$ROOT/module/main.c")

mkdir "$WORK/xtcp"
cd "$ROOT"
git ls-files -z module include scripts Kbuild Makefile README.md LICENSE | rsync -a --files-from=- --from0 . "$WORK/xtcp"
cp -r scripts/debian "$WORK/xtcp/debian"
cd "$WORK/xtcp"
sed -i "s/@VERSION@/$VERSION/; s/@DATE@/$(date -R -d "@$(git -C "$ROOT" log -1 --format=%ct)")/" debian/changelog
quietly "$CACHE/log/deb.log" dpkg-buildpackage --build=binary --no-sign
rm -f "$OUT"/xtcp-*.deb
mv "$WORK"/*.deb "$OUT"
find "$OUT" -name 'xtcp-*.deb' | sort
