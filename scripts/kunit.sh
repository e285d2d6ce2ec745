#!/usr/bin/env bash
# Run the module's KUnit tests in User-Mode Linux, in virtual time. They are part of xtcp.ko and run when it is loaded.
#
#   scripts/kunit.sh [normal|debug] [GLOB [PARAMETER=VALUE]...]
#
# GLOB selects suites or tests (suite_glob[.test_glob]), for instance 'xtcp_isn*'; the parameters are the module's. Fails on a failed test, on no test at
# all, on any complaint in the kernel's log. XTCP_OUT (see run.sh) keeps the KTAP lines in .run/ktap.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

MODE=${1:-normal} GLOB=${2-} PARAMETERS=${*:3}
case $MODE in
normal) PLACE=uml ;;
debug) PLACE=uml-debug ;;
*) die "usage: kunit.sh [normal|debug] [GLOB]" ;;
esac

mkdir -p "$CACHE/run"
export XTCP_OUT=${XTCP_OUT:-$(mktemp -d "$CACHE/run/kunit.XXXXXX")}
append=kunit.enable=1
[ -z "$GLOB" ] || append+=" kunit.filter_glob=$GLOB"

status=0
"$ROOT/scripts/run.sh" "$PLACE" --virtual --timeout "${XTCP_KUNIT_TIMEOUT:-1800}" --append "$append" \
	--insmod-args "$PARAMETERS" true || status=$?
[ -s "$XTCP_OUT/.run/ktap" ] || die "the module did not load"
kernel=$("$ROOT/scripts/kernel-uml.sh" "$MODE")
grep -q '^KTAP version' "$XTCP_OUT/.run/ktap" || die "no tests ran${GLOB:+ (nothing matches '$GLOB')}"
python3 "$kernel/source/tools/testing/kunit/kunit.py" parse "$XTCP_OUT/.run/ktap" | tee "$XTCP_OUT/.run/kunit" || status=1
grep -qE 'Ran [1-9][0-9]* tests' "$XTCP_OUT/.run/kunit" || die "no tests ran"
exit $status
