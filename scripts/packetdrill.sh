#!/usr/bin/env bash
# Run google/packetdrill's scripts against the kernel's TCP and against xtcp, in User-Mode Linux and virtual time.
#
#   scripts/packetdrill.sh DIR [-4|-6|--ipv4mappedv6]... [PATH]
#
# DIR is a checkout of github.com/google/packetdrill; PATH a folder or script below its gtests/net (default: tcp), the
# options are those of its run_all.py (default: -4). A copy is built in the cache, with the mends of mend() below.
# Prints a line a script, `kernel xtcp script`, where the two differ or both fail, then how many passed.
# XTCP_STACKS="kernel xtcp" names the stacks; what the failed ones said is in $XTCP_OUT/STACK/*.tap.
#
# The scripts set knobs of the kernel's TCP: for xtcp, a sysctl of ours sets its own of that name, and is silent about
# those it has not. xtcp speaks protocol 6 on the wire, so that the segments are the scripts'.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

STACKS=${XTCP_STACKS:-kernel xtcp}

# In virtual time only a sleep lets the clock advance; 6.12's struct tcp_info is shorter than packetdrill's (the rest
# is 0); segments that packetdrill joins, to compare them with the one of a script, have the last one's FIN, as if a
# device had joined them; PSH is not compared, which the kernel also sets where no RFC wants it; set_sysctls.py writes
# to /proc itself and shall call sysctl, which we can take the place of.
mend() {
	sed -i 's/clock_t jiffies = times(NULL);/usleep(100); &/' packetdrill/run.c
	sed -i '/assert(len >= sizeof(struct _tcp_info));/d' packetdrill/code.c
	sed -i '/^\t\tlive_packet = aggregate_packets(/,/;$/ s/;$/; live_packet->tcp->fin |= sniffed_packets_end->packet->tcp->fin;/
		s/(strict \&\& check_field("tcp_psh"/(false \&\& check_field("tcp_psh"/' packetdrill/run_packet.c
	sed -i "s|'echo \"%s\" > %s' % (sysctl\[1\], sysctl\[0\])|'sysctl -q \"%s=%s\"' % (sysctl[0][10:], sysctl[1])|" \
		tcp/common/set_sysctls.py
	grep -q 'usleep(100); clock_t' packetdrill/run.c && grep -q 'live_packet->tcp->fin |=' packetdrill/run_packet.c &&
		grep -q '(false && check_field("tcp_psh"' packetdrill/run_packet.c && grep -q 'sysctl -q "%s=%s"' tcp/common/set_sysctls.py ||
		die "this packetdrill looks different: see mend()"
}

# Stands in for sysctl where xtcp is tested.
sysctl_of_xtcp() {
	local arg name value numbers options=()
	for arg; do
		value=${arg#*=} name=${arg%%=*}
		name=${name//\//.}
		case $name in
		-*) options+=("$arg") ;;
		net.ipv4.tcp_[rw]mem) # least, first, most
			read -ra numbers <<<"$value"
			echo "${numbers[1]}" >"/proc/sys/net/xtcp/${name#*tcp_}_default"
			# Twice, for the same window scale: a window is half a buffer here.
			echo $((2 * numbers[2])) >"/proc/sys/net/xtcp/${name#*tcp_}_max"
			;;
		net.ipv4.tcp_fastopen) echo $((value & 0x607)) >/proc/sys/net/xtcp/fastopen ;; # the bits there are
		net.ipv4.tcp_fastopen_cookies) echo "$value" >/proc/sys/net/xtcp/fastopen_cache ;;
		net.ipv4.tcp_fastopen_blackhole_timeout_sec) echo $((1000 * value)) >/proc/sys/net/xtcp/fastopen_blackhole_ms ;;
		net.ipv4.tcp_*)
			name=/proc/sys/net/xtcp/${name#*tcp_}
			[ ! -e "$name" ] || echo "$value" >"$name"
			;;
		*) /sbin/sysctl "${options[@]}" "$arg" ;;
		esac
	done
}

# The same of ip: the cookies that clients know are not the kernel's to forget.
ip_of_xtcp() {
	local max
	if [ "${1-} ${2-}" = "tcp_metrics flush" ]; then
		max=$(cat /proc/sys/net/xtcp/fastopen_cache)
		echo 0 >/proc/sys/net/xtcp/fastopen_cache
		echo "$max" >/proc/sys/net/xtcp/fastopen_cache
	fi
	/sbin/ip "$@"
}

# And of nstat: our counters, by the kernel's names where they have one.
nstat_of_xtcp() {
	PROC_NET_NETSTAT=/proc/net/xtcp_netstat /usr/bin/nstat "$@" | sed s/^Xtcp/TcpExt/
}

build() {
	BUILT=$CACHE/packetdrill/$({ (cd "$DIR" && find gtests/net -type f -print0 | sort -z | xargs -0 cat); declare -f mend; } | hash_of)
	[ ! -x "$BUILT/packetdrill/packetdrill" ] || return 0
	deps uml
	rm -rf "$BUILT"
	mkdir -p "$BUILT"
	cp -r "$DIR/gtests/net/." "$BUILT"
	cd "$BUILT"
	mend
	[ -e packetdrill/Makefile ] || (cd packetdrill && ./configure)
	make -C packetdrill clean >/dev/null
	quietly "$CACHE/log/packetdrill.log" make -C packetdrill packetdrill
	cd "$ROOT"
}

# An xtcp without SACK: the scripts' handshakes without, too. What is left of them still tells something.
without_sack() {
	find /tmp/scripts/tcp -name '*.pkt' -exec sed -i -E 's/nop, ?nop, ?sackOK, ?|, ?nop, ?nop, ?sackOK//; s/sackOK, ?TS/nop,nop,TS/g;
		/^[^`]*>/ s/sackOK/nop,nop/g' {} +
}

# In the place.
run_stacks() {
	local name stack front
	cp -r "$BUILT" /tmp/scripts
	cd /tmp/scripts
	mkdir /tmp/bin
	for name in sysctl ip nstat; do
		{ echo '#!/bin/bash'; declare -f ${name}_of_xtcp; echo "${name}_of_xtcp \"\$@\""; } >/tmp/bin/$name
		chmod +x /tmp/bin/$name
	done
	for stack in $STACKS; do
		front=()
		[ "$stack" != xtcp ] || front=(env PATH="/tmp/bin:$PATH" XTCP_PRELOAD_DIR=/tmp "$ROOT/scripts/xtcp" run --wire=6)
		[ "$stack" != xtcp ] || [ -e /proc/sys/net/xtcp/sack ] || without_sack
		mkdir -p "$XTCP_OUT/$stack"
		"${front[@]}" python3 packetdrill/run_all.py -S -t "$XTCP_OUT/$stack" "$@" || true
	done
}

# TAP of both stacks as a table.
table() {
	# shellcheck disable=SC2086
	python3 - "$XTCP_OUT" $STACKS <<-'PY'
		import glob, os, re, sys
		out, *stacks = sys.argv[1:]
		results = {}
		for stack in stacks:
		    for tap in glob.glob(f"{out}/{stack}/*.tap"):
		        for verdict, path, version in re.findall(r"^(not ok|ok) \d+ (\S+) \((\S+)\)", open(tap).read(), re.M):
		            name = re.sub(".*/tcp/", "", path) + (f" {version}" if version != "ipv4" else "")
		            results.setdefault(name, {})[stack] = "pass" if verdict == "ok" else "FAIL"
		print(*stacks, "script")
		for name, row in sorted(results.items()):
		    if "FAIL" in row.values():
		        print(*(row.get(stack, "-") for stack in stacks), name)
		for stack in stacks:
		    print(stack, "passes", sum(row.get(stack) == "pass" for row in results.values()), "of", len(results))
	PY
}

if [ "${1-}" = --inside ]; then
	BUILT=$2
	run_stacks "${@:3}"
	exit
fi
[ -d "${1-}/gtests/net/packetdrill" ] || { sed -n '2,/^set/ s/^# \{0,1\}//p' "$0" >&2; exit 2; }
DIR=$(readlink -f "$1") path=tcp versions=()
shift
for arg; do
	case $arg in
	-*) versions+=("$arg") ;;
	*) path=$arg ;;
	esac
done
build
mkdir -p "$CACHE/run"
export XTCP_STACKS=$STACKS XTCP_OUT=${XTCP_OUT:-$(mktemp -d "$CACHE/run/packetdrill.XXXXXX")}
log "results: $XTCP_OUT"
"$ROOT/scripts/run.sh" uml --virtual --no-rmmod --timeout 3000 "$ROOT/scripts/packetdrill.sh" --inside "$BUILT" "${versions[@]:--4}" "$path"
table
