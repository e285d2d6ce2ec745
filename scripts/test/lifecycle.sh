#!/usr/bin/env bash
# Load and unload the module, many times and with sockets open. To be run inside a test place, as root:
#
#   scripts/run.sh uml scripts/test/lifecycle.sh [TIMES]
#
# The module is loaded at the start (run.sh does that) and at the end.
set -euo pipefail
ROOT=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
. "$ROOT/scripts/test/tap.sh"

TIMES=${1:-200}
KO=${XTCP_KO:?run this through scripts/run.sh, which says where xtcp.ko is}

# Everything the module could leave behind.
traces() {
	{
		find /proc/sys/net/xtcp /proc/net/ /sys/module/xtcp /sys/kernel/tracing/events/xtcp /sys/kernel/debug/xtcp \
			-name '*xtcp*' 2>/dev/null || true
		grep -il xtcp /proc/slabinfo /proc/net/protocols /proc/modules /proc/net/ptype /proc/kallsyms || true
	} | sort
}

loaded() {
	traces
	[ -d /proc/sys/net/xtcp ]
	[ -e /proc/net/xtcp ]
	grep -qi '^xtcp' /proc/net/protocols
}

unloaded() {
	rmmod xtcp
	local left
	left=$(traces)
	[ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

many_times() {
	local i
	for ((i = 0; i < TIMES; i++)); do
		insmod "$KO"
		rmmod xtcp
	done
	[ -z "$(traces)" ]
}

# Checks start without the module, whatever the one before left.
fresh() {
	[ ! -d /sys/module/xtcp ] || rmmod xtcp
	"$@"
}

# The memory of the module's own and of the network's slab caches, before and after; kept open: pages free late.
no_growth() {
	local before after
	before=$(awk '/^SUnreclaim/ { print $2 }' /proc/meminfo)
	many_times
	after=$(awk '/^SUnreclaim/ { print $2 }' /proc/meminfo)
	echo "unreclaimable slab: $before kB, then $after kB"
	[ $((after - before)) -lt $((TIMES * 8 + 2048)) ]
}

# with_socket PYTHON: a process holds the sockets that PYTHON makes while the module shall be removed
with_socket() {
	insmod "$KO"
	: >/tmp/holder.log # not what the holder before said
	python3 -u -c "
import socket, sys, time
def xtcp(): return socket.socket(socket.AF_INET, socket.SOCK_STREAM, 253)
$1
print('ready')
time.sleep(1000)" >/tmp/holder.log 2>&1 &
	HOLDER=$!
	trap 'kill $HOLDER 2>/dev/null || true' EXIT
	until_true 30 grep -q . /tmp/holder.log
	cat /tmp/holder.log
	grep -qx ready /tmp/holder.log
	if rmmod xtcp 2>/tmp/rmmod.log; then
		echo "rmmod succeeded with a socket open"
		return 1
	fi
	cat /tmp/rmmod.log
	grep -qi 'in use\|busy\|temporarily' /tmp/rmmod.log
	kill $HOLDER
	wait $HOLDER || true
	until_true 30 removable
}

removable() { rmmod xtcp 2>/dev/null; }

in_new_netns() {
	insmod "$KO"
	ip netns add other
	ip netns exec other test -d /proc/sys/net/xtcp
	rmmod xtcp
	ip netns exec other test ! -d /proc/sys/net/xtcp
	ip netns del other
}

# Namespaces come and go while the module does.
netns_churn() {
	local i
	for ((i = 0; i < 10; i++)); do
		ip netns add "churn$i"
		insmod "$KO"
		ip netns add "churned$i"
		ip netns del "churn$i"
		rmmod xtcp
		ip netns del "churned$i"
	done
	[ -z "$(traces)" ]
}

check "loaded: sysctl, /proc/net/xtcp, protocol registered" loaded
check "rmmod leaves nothing behind" unloaded
CHECK_TIMEOUT=600 check "insmod and rmmod $TIMES times, no memory lost" fresh no_growth
check "rmmod with a new socket open: in use; after its end it works" fresh with_socket 's = xtcp()'
check "rmmod with a listener open: in use; after its end it works" fresh with_socket 's = xtcp(); s.listen()'
check "rmmod with a connection open: in use; after its end it works" fresh with_socket '
l = xtcp(); l.bind(("127.0.0.1", 7)); l.listen()
s = xtcp(); s.connect(("127.0.0.1", 7)); a, _ = l.accept()
s.send(b"x"); a.recv(1)'
check "network namespaces made before insmod and after" fresh in_new_netns
check "namespaces come and go while the module does" fresh netns_churn
check "insmod again" fresh insmod "$KO"
tap_finish
