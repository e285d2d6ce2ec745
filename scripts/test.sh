#!/usr/bin/env bash
# Every test in every place, from nothing: installs packages, builds kernels (once), builds the module, runs the tests.
#
#   scripts/test.sh [PLACE]...      places: uml-debug 6.12 6.1 uml (default: all)
#
# In order: the module is built for each place with W=1, without a warning; KUnit in UML (normal and debug kernel);
# then in each place the socket tests (test/test_*.py), functional tests and load/unload tests. Two of these run at a
# time, the fastest place last.
# The last line is `N passed, N failed`, over all of them; the exit status is 0 only if everything could be run and
# passed. What each place said in full lies in the cache, below test/.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

RESULTS=$CACHE/test/$(echo "$ROOT" | hash_of)
LIMIT=${XTCP_PLACE_TIMEOUT:-3000}

# record PASSED FAILED NAME: adds to the total and says so, with the seconds it took (START)
record() {
	echo "$1 $2" >>"$RESULTS/count"
	printf '%-28s %4d passed, %d failed  (%d s)\n' "$3" "$1" "$2" $((SECONDS - START))
}

# The lines about failures in a log of TAP lines.
show_failures() { sed -n '/^not ok/,/^ok/ { /^ok/d; s/^/    /; p }' "$1"; }

# Everything said by a command that is one case by itself.
single() {
	local name=$1 log=$2 START=$SECONDS
	shift 2
	if "$@" >"$log" 2>&1; then
		record 1 0 "$name"
	else
		record 0 1 "$name"
		tail -n 40 "$log" | sed 's/^/    /'
		return 1
	fi
}

build() { single "build $1" "$RESULTS/build-$1.log" "$ROOT/scripts/build.sh" "$1"; }

kunit() {
	local mode=$1 out=$RESULTS/kunit-$1 START=$SECONDS passed failed status=0 ran
	XTCP_OUT=$out "$ROOT/scripts/kunit.sh" "$mode" >"$out.log" 2>&1 || status=$?
	ran=$(sed -n 's/.*Testing complete. Ran \([0-9]*\) tests.*/\1/p' "$out.log")
	passed=$(sed -n 's/.*Testing complete.*passed: \([0-9]*\).*/\1/p' "$out.log")
	passed=${passed:-0} failed=$((${ran:-0} - passed - $(sed -n 's/.*Testing complete.*skipped: \([0-9]*\).*/\1/p' "$out.log" | grep . || echo 0)))
	if [ $status != 0 ] && [ $failed = 0 ]; then
		failed=1
	fi
	record "$passed" "$failed" "kunit $mode"
	[ $failed = 0 ] || grep -vE '\[PASSED\]|=======|^ *$' "$out.log" | sed -n '1,30p; $p' | cut -c1-200 | sed 's/^/    /'
}

# A place's tests; one more case: it came to its end, the kernel did not complain, the module could be removed.
place() {
	local place=$1 out=$RESULTS/$1 START=$SECONDS passed failed
	XTCP_OUT=$out "$ROOT/scripts/run.sh" "$place" --timeout "$LIMIT" scripts/test/place.sh >"$out.log" 2>"$out.err" || true
	if compgen -G "$out/*.pcap" >/dev/null; then
		"$ROOT/scripts/test/captures.sh" "$out" >>"$out.log" 2>&1 || true
	else
		echo "not ok - captures were made" >>"$out.log"
	fi
	if [ -e "$out/.run/clean" ]; then
		echo "ok - the kernel did not complain" >>"$out.log"
	else
		echo "not ok - the kernel did not complain, the module was removed, the place came to its end" >>"$out.log"
		head -n 60 "$out.err" | sed 's/^/# /' >>"$out.log"
	fi
	passed=$(grep -c '^ok ' "$out.log" || true)
	failed=$(grep -c '^not ok ' "$out.log" || true)
	record "$passed" "$failed" "tests in $place"
	show_failures "$out.log"
}

# Boot parameters can take IPv6 away; IPv4 must not notice.
without_ipv6() {
	single "uml without IPv6" "$RESULTS/without-ipv6.log" \
		"$ROOT/scripts/run.sh" uml --append ipv6.disable=1 scripts/test/unit.py test_connect test_ipv6 || true
}

# two_at_a_time "FUNCTION ARGUMENT"...
two_at_a_time() {
	local job running=0
	for job; do
		if [ $running = 2 ]; then
			wait -n || true
			running=1
		fi
		$job &
		running=$((running + 1))
	done
	wait
}

# Each job is a process group of its own (set -m).
stop() {
	local pid
	trap - INT TERM
	for pid in $(builtin jobs -p); do
		kill -- -"$pid" 2>/dev/null || true
	done
	wait
	exit 130
}

total() {
	awk '{ p += $1; f += $2 } END { printf "%d passed, %d failed\n", p, f; exit f > 0 || p == 0 }' "$RESULTS/count"
}

main() {
	local place modes=() good=() lock
	mkdir -p "$CACHE/lock"
	exec {lock}>"$CACHE/lock/test-${RESULTS##*/}"
	flock -n "$lock" || die "these tests are already running in this directory"
	rm -rf "$RESULTS"
	mkdir -p "$RESULTS"
	deps build uml vm functional
	compgen -G "$CACHE/uml/*" >/dev/null || echo "the first run builds two kernels: quiet for some 20 minutes"
	for place; do
		if build "$place"; then
			good+=("$place")
		fi
	done
	for place in "${good[@]}"; do
		case $place in
		uml) modes+=(normal) ;;
		uml-debug) modes+=(debug) ;;
		*) single "kernel $place" "$RESULTS/kernel-$place.log" "$ROOT/scripts/kernel-debian.sh" "$place" || true ;;
		esac
	done
	single "README has the knobs" "$RESULTS/knobs.log" "$ROOT/scripts/knobs.py" --check || true
	single "captures are judged" "$RESULTS/captures.log" "$ROOT/scripts/test/captures_judged.py" || true
	single "RFC 9293 table" "$RESULTS/rfc9293.log" "$ROOT/scripts/rfc9293.py" --check || true
	trap stop INT TERM
	set -m
	two_at_a_time "${modes[@]/#/kunit }" "${good[@]/#/place }"
	[[ " ${good[*]} " != *" uml "* ]] || without_ipv6
	total
}

[ $# -gt 0 ] || set -- uml-debug 6.12 6.1 uml
for place; do
	case $place in
	uml-debug | 6.12 | 6.1 | uml) ;;
	*) die "no place '$place'; places are: uml-debug 6.12 6.1 uml" ;;
	esac
done
main "$@"
