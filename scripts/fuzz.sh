#!/usr/bin/env bash
# Random segments, then random socket calls, in User-Mode Linux; what fails says how to see it again.
#
#   scripts/fuzz.sh normal|debug N SEED
#
# N segments in virtual time (KUnit suite xtcp_fuzz_wire); for each hundred of them a connection of random writers and readers, whose
# memory and windows are watched (xtcp_promise_rounds); and a round of calls (test/test_fuzz_calls.py, 3000 from each of
# eight threads) for each million of them, at least one. The rounds of all have the seeds from SEED on.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

[ $# = 3 ] || die "usage: fuzz.sh normal|debug N SEED"
MODE=$1 N=$2 SEED=$3
PLACE=uml
[ "$MODE" = normal ] || PLACE=uml-debug
rounds=$((N / 1000000 + (N < 1000000))) connections=$((N / 100 + (N < 100)))

status=0
"$ROOT/scripts/kunit.sh" "$MODE" xtcp_fuzz_wire fuzz_segments="$N" fuzz_seed="$SEED" || status=1
XTCP_KUNIT_TIMEOUT=$((1800 + connections)) "$ROOT/scripts/kunit.sh" "$MODE" 'xtcp_promise_rounds*' \
	promise_rounds="$connections" promise_seed="$SEED" || status=1
# shellcheck disable=SC2016
"$ROOT/scripts/run.sh" "$PLACE" --timeout $((900 + 300 * rounds)) bash -c '
	for seed in $(seq "$1" "$2"); do
		XTCP_FUZZ_SEED=$seed scripts/test/unit.py test_fuzz_calls || status=1
	done
	exit ${status-0}' calls "$SEED" $((SEED + rounds - 1)) || status=1
exit $status
