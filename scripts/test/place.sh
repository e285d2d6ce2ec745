#!/usr/bin/env bash
# The tests of one place, or some tiers of them, one after the other. To be run inside it, as root:
#
#   scripts/run.sh PLACE [--virtual] scripts/test/place.sh [TIER]...
#
#   sockets     test_*.py but those of `cpus` and, in 6.1, those that are of no one kernel; much in them waits: best
#               with --virtual
#   cpus        those that want two CPUs, or a clock that goes while they are busy: not with --virtual
#   programs    functional.sh; not with --virtual in a VM, where the clock runs away while a file comes from the host
#   command     command.sh, test_command.py
#   turned      turned.sh, bpftrace.sh: what wants a kernel that describes its types (BTF)
#   lifecycle   lifecycle.sh
#
# XTCP_TEST_SIZE (small, medium or large) overrides the size that suits the place.
set -uo pipefail
HERE=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")")
CPUS=(test_stale test_races test_fuzz_calls)
COMMAND=(test_command)
# What takes long and is of no one kernel: whole dialogues, floods, hundreds of connections. Once, in uml, or twice.
LONG_ONES=(test_oracle test_cookies test_many test_rfc9293 test_urgent)

case ${XTCP_PLACE:?run this through scripts/run.sh} in
uml) size=large loads=200 ;;
6.12) size=medium loads=20 ;;
*) size=small loads=10 ;;
esac
export XTCP_TEST_SIZE=${XTCP_TEST_SIZE:-$size} XTCP_FUZZ_CALLS=${XTCP_FUZZ_CALLS:-1000}

# The names of the socket tests of one CPU.
sockets() {
	local file name not=" ${CPUS[*]} ${COMMAND[*]} "
	case $XTCP_PLACE in
	6.1) not+="${LONG_ONES[*]} " ;;
	uml-debug) not+="test_oracle " ;;
	esac
	for file in "$HERE"/test_*.py; do
		name=$(basename "$file" .py)
		[[ $not == *" $name "* ]] || echo "$name"
	done
}

# Where instructions are counted the clock leaps ahead while the host answers: by seconds, where nothing else is due. It
# is asked at each open(), also of what was read before: programs, and what they open, come to a tmpfs beforehand.
warm() {
	local program file
	mkdir /run/warm
	{
		echo /etc/ld.so.cache
		for program in python3 sh ip ss nft tc ethtool tcpdump nstat mount umount setpriv sysctl; do
			program=$(command -v $program) && echo "$program" && ldd "$program" | grep -o '/[^ ]*'
		done
		find /etc/iproute2 /usr/share/iproute2 -type f 2>/dev/null
	} | xargs readlink -f | sort -u | while read -r file; do
		cp --parents "$file" /run/warm && mount --bind "/run/warm$file" "$file"
	done
}

command_() {
	local status=0
	"$HERE/command.sh" || status=1
	python3 "$HERE/unit.py" "${COMMAND[@]}" || status=1
	return $status
}

turned() {
	local status=0
	"$HERE/turned.sh" || status=1
	"$HERE/bpftrace.sh" || status=1
	return $status
}

tier() {
	# shellcheck disable=SC2046
	case $1 in
	sockets) ! grep -q XTCPTIME= /proc/cmdline || warm; python3 "$HERE/unit.py" $(sockets) ;;
	cpus) python3 "$HERE/unit.py" "${CPUS[@]}" ;;
	programs) "$HERE/functional.sh" "$XTCP_TEST_SIZE" ;;
	command) command_ ;;
	turned) turned ;;
	lifecycle) "$HERE/lifecycle.sh" $loads ;;
	*) echo "no tier '$1'"; return 2 ;;
	esac
}

status=0
[ $# -gt 0 ] || set -- sockets cpus programs command lifecycle
for tier; do
	tier "$tier" || status=1
done
exit $status
