#!/usr/bin/env bash
# What the state machine can do and cannot: every world that two ends and a bad network can get into (scripts/prove/).
#
#   scripts/prove.sh [--deep] [--json FILE] [NAME]...     lessons; default: all of them, and what follows
#   scripts/prove.sh --pure                               sequence numbers, windows and options, over all or many inputs
#   scripts/prove.sh --mutants                            would it see a fault? (scripts/prove/mutants)
#
# module/segment/*.c is compiled for user space as it is; scripts/prove/shim/ stands for the kernel's headers. Exit status
# 1: something did not come out as it must.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

HERE=$ROOT/scripts/prove
FLAGS=(-O2 -g -Wall -I"$HERE/shim" -I"$ROOT/include" -I"$HERE")
MODEL=(world end net check explore live ladder lessons report prove)

# compile OUTPUT SEGMENT_DIR: the prover with the module's sources there
compile() { gcc "${FLAGS[@]}" -pthread -o "$1" "${MODEL[@]/#/$HERE/}" "$2"/arrives.c "$2"/predict.c; }

# A lesson names the test that does the same with real sockets: it must be there.
replays() {
	local suite test status=0
	while IFS=. read -r suite test; do
		grep -rlE "WIRE_SUITES(_MAPPED)?\($suite," "$ROOT/kunit" | xargs -r grep -qE "KUNIT_CASE(_SLOW)?\($test\)" ||
			{ log "no KUnit case $suite.$test"; status=1; }
	done < <(sed -n 's/.*\.replay = "\(.*\)",/\1/p' "$HERE/lessons.c")
	return $status
}

lessons() {
	mkdir -p "$CACHE/prove"
	compile "$WORK/prove" "$ROOT/module/segment"
	replays
	"$WORK/prove" "$@"
}

deps prove
mkdir -p "$CACHE/tmp"
WORK=$(mktemp -d "$CACHE/tmp/prove.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
MODEL=("${MODEL[@]/%/.c}")
case ${1-} in
--pure) pure ;;
--mutants) mutants ;;
*) lessons "$@" ;;
esac
