# Named checks for the shell tests: `check NAME COMMAND...`, `finish`. To be sourced.
# Every check prints `ok N - NAME` or `not ok N - NAME` (then also what the command said), as TAP does.
# shellcheck shell=bash

TAP_N=0 TAP_FAILED=0
TAP_LOG=${XTCP_OUT:?run this through scripts/run.sh}/$(basename "$0" .sh)
rm -rf "$TAP_LOG"
mkdir -p "$TAP_LOG"

# Others on the machine may make us slow, where time does not stand still meanwhile (run.sh --virtual): seconds are
# multiplied by this.
SLACK=1
grep -qE 'time-travel=|XTCPTIME=' /proc/cmdline || SLACK=5

# check NAME COMMAND...: COMMAND may be a function; it runs in a subshell, for at most CHECK_TIMEOUT seconds.
check() {
	local name=$1 log status=0 start=$SECONDS watchdog pid limit=$((SLACK * ${CHECK_TIMEOUT:-240}))
	shift
	TAP_N=$((TAP_N + 1))
	log=$TAP_LOG/$TAP_N.log
	(set -e; "$@") >"$log" 2>&1 </dev/null &
	pid=$!
	(sleep $limit && {
		echo "gave up after $limit s" >>"$log"
		pkill -KILL -P $pid
		kill -KILL $pid
	}) >/dev/null 2>&1 &
	watchdog=$!
	wait $pid 2>/dev/null || status=$?
	pkill -P $watchdog 2>/dev/null || true
	kill $watchdog 2>/dev/null || true
	if [ $status = 0 ]; then
		echo "ok $TAP_N - $name ($((SECONDS - start)) s)"
	else
		TAP_FAILED=$((TAP_FAILED + 1))
		echo "not ok $TAP_N - $name (status $status, $((SECONDS - start)) s)"
		tail -n 15 "$log" | sed 's/^/# /'
	fi
}

# until_true SECONDS COMMAND...: wait for a condition
until_true() {
	local end=$((SECONDS + SLACK * $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "waited in vain for: $*"; return 1; }
		sleep 0.1
	done
}

tap_finish() {
	echo "1..$TAP_N"
	echo "# $((TAP_N - TAP_FAILED)) passed, $TAP_FAILED failed"
	[ $TAP_FAILED = 0 ]
}
