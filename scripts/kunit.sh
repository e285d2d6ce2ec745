#!/usr/bin/env bash
# Run the module's KUnit tests in User-Mode Linux, in virtual time. They are part of xtcp.ko and run when it is loaded.
#
#   scripts/kunit.sh [normal|debug|7.3] [GLOB [PARAMETER=VALUE]...]
#
# GLOB selects suites or tests (suite_glob[.test_glob]), for instance 'xtcp_isn*'; the parameters are the module's. Fails on a failed test, on no test at
# all, on one that there is and that did not run, on any complaint in the kernel's log. XTCP_OUT (see run.sh) keeps the
# KTAP lines in .run/ktap, and in .run/cases a line a case: `ok`, `not` or `lost`, SUITE.CASE.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

MODE=${1:-normal} GLOB=${2-} PARAMETERS=${*:3}
case $MODE in
normal) PLACE=uml ;;
debug | 7.3) PLACE=uml-$MODE ;;
*) die "usage: kunit.sh [normal|debug|7.3] [GLOB]" ;;
esac

mkdir -p "$CACHE/run"
export XTCP_OUT=${XTCP_OUT:-$(mktemp -d "$CACHE/run/kunit.XXXXXX")}
append="kunit.enable=1 kunit.autorun=1" # the second is asked for from 6.16 on
[ -z "$GLOB" ] || append+=" kunit.filter_glob=$GLOB"

run() {
	"${TIED[@]}" "$ROOT/scripts/run.sh" "$PLACE" --virtual --timeout "${XTCP_KUNIT_TIMEOUT:-1800}" --append "$append $1" \
		--insmod-args "$PARAMETERS" true
}

# Each case there is, and each that came to its end, on a line: SUITE.CASE, and what it came to.
existing() {
	XTCP_OUT=$XTCP_OUT/list run kunit.action=list >/dev/null || true
	grep '^xtcp[a-z0-9_]*\.' "$XTCP_OUT/list/.run/ktap"
}

ended() {
	awk '/^    # Subtest: / { suite = $3 } /^    ok / { print suite "." $3, "ok" } /^    not ok / { print suite "." $4, "not" }' \
		"$XTCP_OUT/.run/ktap"
}

# After a panic there is only what the kernel has said so far.
status=0
mkdir -p "$XTCP_OUT"
run loglevel=7 >"$XTCP_OUT/said" || status=$?
[ -s "$XTCP_OUT/.run/ktap" ] || sed -n 's/^\[ *[0-9.]*\] //; /^xtcp-run: insmod/,$p' "$XTCP_OUT/said" >"$XTCP_OUT/.run/ktap"
[ -s "$XTCP_OUT/.run/ktap" ] || die "the module did not load"
kernel=$("$ROOT/scripts/kernel-uml.sh" "$MODE")
grep -q '^KTAP version' "$XTCP_OUT/.run/ktap" || die "no tests ran${GLOB:+ (nothing matches $GLOB)}"
python3 "$kernel/source/tools/testing/kunit/kunit.py" parse "$XTCP_OUT/.run/ktap" | tee "$XTCP_OUT/.run/kunit" || status=1
grep -qE 'Ran [1-9][0-9]* tests' "$XTCP_OUT/.run/kunit" || die "no tests ran"
ended | awk '{ print $2, $1 }' >"$XTCP_OUT/.run/cases"
if ! [ -s "$XTCP_OUT/.run/status" ]; then
	lost=$(existing | grep -vxFf <(cut -d ' ' -f 2 "$XTCP_OUT/.run/cases")) || true
	awk '{ print "lost", $0 }' <<<"$lost" >>"$XTCP_OUT/.run/cases"
	log "$(wc -l <<<"$lost") cases did not run or did not end; the first: $(head -n 3 <<<"$lost" | paste -sd ' ')"
	status=1
fi
exit $status
