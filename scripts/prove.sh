#!/usr/bin/env bash
# What the state machine can do and cannot: every world that two ends and a bad network can get into (scripts/prove/).
#
#   scripts/prove.sh [--deep] [--json FILE] [NAME]...     lessons; default: all of them, and what follows
#   scripts/prove.sh --pure                               sequence numbers, windows and options, over all or many inputs
#   scripts/prove.sh --mutants                            would it see a fault? Those of kunit/mutants/ in arrives.c
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

# Sequence numbers, windows, options: over all inputs near an edge, then by libFuzzer, which looks for what runs other code.
FUZZ_RUNS=${XTCP_FUZZ_RUNS:-300000}

compile_pure() {
	gcc "${FLAGS[@]}" -fsanitize=undefined -fno-sanitize-recover=undefined -o "$1" "$HERE/pure.c" "$2"/{arrives,options}.c
}

pure() {
	local what
	compile_pure "$WORK/pure" "$ROOT/module/segment"
	"$WORK/pure"
	for what in options arrives; do
		clang "${FLAGS[@]}" -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -o "$WORK/fuzz" \
			"$HERE/fuzz_$what.c" "$ROOT"/module/segment/{arrives,predict,options}.c
		(cd "$WORK" && ./fuzz -seed=1 -runs="$FUZZ_RUNS" -max_len=40 -len_control=0 >log 2>&1) ||
			{ grep -v '^#' "$WORK/log" | head -n 40; return 1; }
		echo "$what.c: $FUZZ_RUNS inputs, $(sed -n 's/.* cov: \([0-9]*\) ft: .*/\1/p' "$WORK/log" | tail -n 1) places in the code reached"
	done
}

# A lesson names the test that does the same with real sockets: it must be there.
replays() {
	local suite test status=0
	while IFS=. read -r suite test; do
		grep -rlE "WIRE_SUITES(_MAPPED)?\($suite," "$ROOT/kunit" | xargs -r grep -qE "KUNIT_CASE(_SLOW)?\($test\)" ||
			{ log "no KUnit case $suite.$test"; status=1; }
	done < <(sed -n 's/.*\.replay = "\(.*\)",/\1/p' "$HERE/lessons.c")
	return $status
}

# The names among the arguments.
named() {
	while [ $# -gt 0 ]; do
		case $1 in
		--json) shift ;;
		--*) ;;
		*) echo "$1" ;;
		esac
		shift
	done
}

lessons() {
	compile "$WORK/prove" "$ROOT/module/segment"
	replays
	"$WORK/prove" "$@"
	[ "$(named "$@")" ] || pure
}

# Of a fault, who finds it: the first lesson that does not come out as it must, and by which property; or the checks of
# pure.c; or `survived`.
judge() {
	local copy=$WORK/${1##*/}
	mkdir -p "$copy/module"
	cp -r "$ROOT/module/segment" "$copy/module"
	(cd "$copy" && patch -s -p1 --no-backup-if-mismatch) <"$1" >&2 || { echo "does not apply"; return; }
	compile "$copy/prove" "$copy/module/segment" || { echo "does not compile"; return; }
	compile_pure "$copy/pure" "$copy/module/segment"
	if ! timeout "${XTCP_PROVE_TIMEOUT:-600}" "$copy/prove" --brief --first --alone >"$copy/out"; then
		tail -n 2 "$copy/out" | awk 'NR == 1 { print $1 ": " $NF }'
	elif ! "$copy/pure" >"$copy/out"; then
		echo "pure functions"
	else
		echo survived
	fi
	rm -rf "$copy"
}

# A patch may say `Not proved: WHY`. It must be right about that, too.
mutants() {
	local patch found why status=0 n=0 proved=0
	while read -r patch; do
		found=$(judge "$patch")
		why=$(sed -n '/^--- /q; s/^Not proved: *//p' "$patch")
		n=$((n + 1))
		[ "$found" = survived ] || proved=$((proved + 1))
		printf '%-30s %-34s %s\n' "$(basename "$patch" .patch)" "$found" "${why:-$(head -n 1 "$patch")}"
		case $found in
		does*) status=1 ;;
		survived) [ -n "$why" ] || status=1 ;;
		*) [ -z "$why" ] || status=1 ;;
		esac
	done < <(grep -l '^+++ b/module/segment/arrives.c' "$ROOT"/kunit/mutants/*.patch)
	echo "$proved of $n faults found"
	return $status
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
