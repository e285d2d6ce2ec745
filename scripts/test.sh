#!/usr/bin/env bash
# Every test in every place, from nothing: installs packages, builds kernels (once), builds the module, runs the tests.
#
#   scripts/test.sh [PLACE]...      places: uml-debug 6.12 6.1 uml uml-7.3 (default: these), 7.3
#
# First the module is built for each place with W=1, without a warning; then come the JOBS below, two at a time. Who is
# running is told once a minute, the ten slowest cases at the end. The last line is `N passed, N failed`, over all; the
# exit status is 0 only if everything could be run and passed. What each job said in full lies in the cache, below
# test/. Whatever ends this script ends all it has started.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

RESULTS=$CACHE/test/$(echo "$ROOT" | hash_of)
LIMIT=${XTCP_PLACE_TIMEOUT:-5400}
AT_A_TIME=2

# PLACE FUNCTION ARGUMENT...: what runs if the place is asked for (`-`: always), the longest first.
JOBS=(
	"6.12 place 6.12 cpus programs lifecycle"
	"6.12 place 6.12 turned"
	"6.12 demo"
	"uml-debug kunit debug"
	"6.1 place 6.1 --virtual sockets"
	"6.1 place 6.1 programs lifecycle"
	"- single linters $RESULTS/check.log $ROOT/scripts/check.sh --without warnings"
	"uml-debug place uml-debug --virtual sockets"
	"uml-debug place uml-debug --virtual programs lifecycle"
	"uml-debug place uml-debug cpus"
	"uml place uml --virtual programs command lifecycle"
	"uml place uml --virtual sockets"
	"uml kunit normal"
	"uml without_ipv6"
	"uml single lab $RESULTS/lab.log $ROOT/scripts/lab.sh --smoke"
	"uml single bench-runs $RESULTS/bench.log $ROOT/scripts/bench.sh --smoke"
	"6.12 single profile-runs $RESULTS/profile.log $ROOT/scripts/profile.sh --smoke handshake"
	"7.3 place 7.3 --virtual sockets"
	"7.3 place 7.3 cpus programs lifecycle"
	"uml-7.3 single build-7.3 $RESULTS/build-7.3.log $ROOT/scripts/build.sh 7.3"
	"uml-7.3 kunit 7.3"
	"- single knobs-in-README $RESULTS/knobs.log $ROOT/scripts/knobs.py --check"
	"- single Wireshark-plugin $RESULTS/wireshark.log $ROOT/scripts/test/wireshark.py"
	"- single captures-are-judged $RESULTS/captures.log $ROOT/scripts/test/captures_judged.py"
	"- single tables-of-RFCs $RESULTS/requirements.log $ROOT/scripts/requirements.py --check"
	"- single prove $RESULTS/prove.log $ROOT/scripts/prove.sh"
	"- single Linux-table $RESULTS/linux.log $ROOT/scripts/linux.py --check"
	"uml single README $RESULTS/readme.log $ROOT/scripts/test/readme.py"
)

# record PASSED FAILED NAME: adds to the total and says so, with the seconds it took (START)
record() {
	echo "$1 $2" >>"$RESULTS/count"
	printf '%-40s %4d passed, %d failed  (%d s)\n' "$3" "$1" "$2" $((SECONDS - START))
}

# The lines about failures in a log of TAP lines.
show_failures() { sed -n '/^not ok/,/^ok/ { /^ok/d; s/^/    /; p }' "$1"; }

# stamp NAME: passes on TAP, or a console with KTAP. A line a case goes to $RESULTS/cases/NAME: the microseconds since
# the case before by this machine's clock (a place may have its own), `ok` or `not`, its name.
stamp() {
	local line suite='' last=${EPOCHREALTIME/./} now
	local tap='^(ok|not)( ok)? [0-9]* ?- (.*)$' ktap='^\[[ 0-9.]*\]     (ok|not)( ok)? [0-9]+ ([^ ]*)'
	local subtest='^\[[ 0-9.]*\]     # Subtest: ([^ ]*)$'
	: >"$RESULTS/cases/$1"
	while IFS= read -r line; do
		printf '%s\n' "$line"
		if [[ $line =~ $tap || $line =~ $ktap ]]; then
			now=${EPOCHREALTIME/./}
			echo "$((now - last)) ${BASH_REMATCH[1]} $1: $suite${BASH_REMATCH[3]}" >>"$RESULTS/cases/$1"
			last=$now
		elif [[ $line =~ $subtest ]]; then
			suite=${BASH_REMATCH[1]}.
		fi
	done
}

slowest() {
	echo "slowest, by the clock on the wall:"
	sort -rn "$RESULTS"/cases/* | sed -n '1,10s/ [a-z-]* / /p' | while read -r us name; do
		printf '%8d.%d s  %s\n' $((us / 1000000)) $((us / 100000 % 10)) "$name"
	done
}

progress() {
	local file name since
	while sleep 60; do
		for file in "$RESULTS"/running/*; do
			name=${file##*/}
			{ read -r since <"$file"; } 2>/dev/null || continue
			awk -v name="$name" -v minutes=$(((EPOCHSECONDS - since) / 60)) '{ n[$2]++ }
				END { printf "  %d min: %-32s %4d passed, %d failed\n", minutes, name, n["ok"], n["not"] }' \
				"$RESULTS/cases/$name" || true
		done
	done
}

# running NAME COMMAND...: what progress() tells about
running() {
	local name=$1 status=0
	shift
	: >>"$RESULTS/cases/$name"
	echo "$EPOCHSECONDS" >"$RESULTS/running/$name"
	"$@" || status=$?
	rm "$RESULTS/running/$name"
	return $status
}

# single NAME LOG COMMAND...: a command that is one case by itself; NAME is a file's name, too
single() {
	local name=$1 log=$2 START=$SECONDS status=0 since=${EPOCHREALTIME/./}
	shift 2
	running "$name" "${TIED[@]}" "$@" >"$log" 2>&1 </dev/null || status=$?
	echo "$((${EPOCHREALTIME/./} - since)) - $name" >"$RESULTS/cases/$name"
	record $((status == 0)) $((status != 0)) "$name"
	[ $status = 0 ] || tail -n 40 "$log" | sed 's/^/    /'
	return $status
}

build() { single "build-$1" "$RESULTS/build-$1.log" "$ROOT/scripts/build.sh" "$1" && touch "$RESULTS/built/$1"; }

kernel() { single "kernel-$1" "$RESULTS/kernel-$1.log" "$ROOT/scripts/kernel-debian.sh" "$1"; }

# Boot parameters can take IPv6 away; IPv4 must not notice.
without_ipv6() {
	single uml-without-IPv6 "$RESULTS/without-ipv6.log" \
		"$ROOT/scripts/run.sh" uml --virtual --append ipv6.disable=1 scripts/test/unit.py test_connect test_ipv6
}

# Late it may be where the machine is busy, early never.
demo() { XTCP_DEMO_SLACK=60 single demo "$RESULTS/demo.log" "$ROOT/scripts/demo.sh"; }

kunit_with_times() {
	local name=$1 mode=$2 tail status=0
	"${TIED[@]}" tail -n +1 -F "$OUT/said" 2>/dev/null > >(stamp "$name" >/dev/null) &
	tail=$!
	XTCP_OUT=$OUT XTCP_KUNIT_TIMEOUT=$LIMIT "${TIED[@]}" "$ROOT/scripts/kunit.sh" "$mode" >"$OUT.log" 2>&1 || status=$?
	kill $tail
	return $status
}

# A case that did not run (the kernel's panic, say) is one that failed.
kunit() {
	local name=kunit-$1 START=$SECONDS passed failed status=0
	OUT=$RESULTS/$name
	mkdir -p "$OUT"
	running "$name" kunit_with_times "$name" "$1" || status=$?
	passed=$(grep -c '^ok' "$OUT/.run/cases") || true
	failed=$(grep -cv '^ok' "$OUT/.run/cases") || true
	[ $status = 0 ] || [ "${failed:-0}" != 0 ] || failed=1
	record "${passed:-0}" "${failed:-0}" "$name"
	[ "${failed:-0}" = 0 ] || grep -vE '\[PASSED\]|=======|^ *$' "$OUT.log" | sed -n '1,40p; $p' | cut -c1-200 | sed 's/^/    /'
}

place_with_times() {
	local name=$1
	shift
	XTCP_OUT=$OUT "${TIED[@]}" "$ROOT/scripts/run.sh" "$@" 2>"$OUT.err" </dev/null | stamp "$name" >"$OUT.log"
}

# Where segments were captured they are looked at. One more case: it came to its end, the kernel did not complain, the
# module could be removed; if not, what is missing of a list that had begun failed.
verdict() {
	local planned run
	if compgen -G "$OUT/*.pcap" >/dev/null; then
		"${TIED[@]}" "$ROOT/scripts/test/captures.sh" "$OUT" 2>&1 || true
	elif [[ $* == *programs* ]]; then
		echo "not ok - captures were made"
	fi
	if [ -e "$OUT/.run/clean" ]; then
		echo "ok - the kernel did not complain"
	else
		planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$OUT.log" | head -n 1)
		run=$(grep -cE '^(ok|not ok) [0-9]+ - test_' "$OUT.log") || true
		for ((; run < ${planned:-0}; run++)); do
			echo "not ok - a case did not run"
		done
		echo "not ok - the kernel did not complain, the module was removed, the place came to its end"
		head -n 60 "$OUT.err" | sed 's/^/# /'
	fi
}

# A panic that no kernel can make: flags of the processor that do not exist, a breakpoint of the kernel's own after it is
# gone. QEMU does that where two processors run and text is rewritten under load, once in some twenty runs.
emulator_erred() {
	grep -qE 'EFLAGS: (0[1-9a-f]|[1-9a-f].|00[4-9a-f])[0-9a-f]{5}|(Oops:|\]) int3: 0000' "$OUT/.run/console" 2>/dev/null
}

# place PLACE [--virtual] TIER...
place() {
	local name time=() place=$1 START=$SECONDS passed failed tiers
	shift
	[ "$1" != --virtual ] || { time=(--virtual); shift; }
	name="$place $*"
	name=${name// /-}
	OUT=$RESULTS/$name
	tiers=("$name" "$place" "${time[@]}" --timeout "$LIMIT" scripts/test/place.sh "$@")
	running "$name" place_with_times "${tiers[@]}" || true
	if emulator_erred; then
		echo "  $name: QEMU, not the kernel, did wrong; once more"
		mv "$OUT" "$OUT.erred.$SECONDS"
		running "$name" place_with_times "${tiers[@]}" || true
	fi
	verdict "$@" >"$OUT.verdict"
	cat "$OUT.verdict" >>"$OUT.log"
	passed=$(grep -c '^ok ' "$OUT.log") || true
	failed=$(grep -c '^not ok ' "$OUT.log") || true
	record "$passed" "$failed" "$name"
	show_failures "$OUT.log" | uniq
}

# at_a_time N JOB...: each a process of its own, that ends when this one does
at_a_time() {
	local n=$1 job running=0
	shift
	for job; do
		if [ $running = "$n" ]; then
			wait -n || true
			running=$((running - 1))
		fi
		# shellcheck disable=SC2086
		"${TIED[@]}" "$0" --job $job {LOCK}>&- &
		running=$((running + 1))
	done
	while [ $running -gt 0 ]; do
		wait -n || true
		running=$((running - 1))
	done
}

# Whatever happened, the last line is the total. A job is a process group (set -m); all of one are to be gone.
finish() {
	local status=$? pid
	trap '' INT TERM HUP
	for pid in $(builtin jobs -p); do
		kill -- -"$pid" || true
		for _ in {1..100}; do
			pgrep -g "$pid" >/dev/null || break
			sleep 0.2
		done
		wait "$pid" || true
	done 2>/dev/null
	{
		[ $status = 0 ] || echo 0 1
		[ -z "$COUNT" ] || cat "$COUNT"
	} | awk '{ p += $1; f += $2 } END { printf "%d passed, %d failed\n", p, f; exit f > 0 || p == 0 }' || status=1
	exit $status
}

main() {
	local place job jobs=() builds=()
	mkdir -p "$CACHE/lock"
	exec {LOCK}>"$CACHE/lock/test-${RESULTS##*/}"
	flock -n "$LOCK" || die "these tests are already running in this directory"
	rm -rf "$RESULTS"
	mkdir -p "$RESULTS"/{cases,running,built}
	COUNT=$RESULTS/count
	: >"$COUNT"
	set -m
	at_a_time 1 packages
	[ -e "$RESULTS/built/packages" ] || die "packages are missing"
	compgen -G "$CACHE/uml/*/linux" >/dev/null || echo "the first run builds three kernels: some 20 minutes"
	"${TIED[@]}" "$0" --job progress {LOCK}>&- &
	for place; do
		builds+=("build $place")
		[[ $place == uml* ]] || builds+=("kernel $place")
	done
	at_a_time $AT_A_TIME "${builds[@]}"
	for job in "${JOBS[@]}"; do
		place=${job%% *}
		if [ "$place" = - ] || [ -e "$RESULTS/built/$place" ]; then
			jobs+=("${job#* }")
		fi
	done
	at_a_time $AT_A_TIME "${jobs[@]}"
	slowest
}

packages() {
	"$ROOT/scripts/deps.sh" build uml vm debian13 demo functional check report bench prove && touch "$RESULTS/built/packages"
}

if [ "${1-}" = --job ]; then
	shift
	"$@" || exit 1
	exit 0
fi
COUNT=
trap finish EXIT
trap 'exit 130' INT TERM HUP
[ $# -gt 0 ] || set -- uml-debug 6.12 6.1 uml uml-7.3
for place; do
	case $place in
	uml-debug | 6.12 | 6.1 | uml | uml-7.3 | 7.3) ;;
	*) die "no place '$place'; places are: uml-debug 6.12 6.1 uml uml-7.3 7.3" ;;
	esac
done
main "$@"
