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

# Objects in use of a slab cache; one that is merged with others cannot be told apart and counts as empty.
in_use() {
	local dir=/sys/kernel/slab/$1
	[ -d "$dir" ] && [ ! -L "$dir" ] || { echo 0; return; }
	echo 1 >"$dir/shrink" 2>/dev/null || true
	awk -v name="$1" '$1 == name { print $2 }' /proc/slabinfo
}

nothing_left() {
	local name
	for name in XTCP xtcp_request xtcp_time_wait xtcp_port; do
		[ "$(in_use $name)" = 0 ] || return 1
	done
}

# A process in the namespace `other` with a half-open connection, orphans whose peer is gone, and TIME_WAIT.
leftovers() {
	ip netns add other
	ip netns exec other sh -c "ip link set lo up; echo 100 >/proc/sys/net/xtcp/orphan_retries"
	ip netns exec other python3 -u - <<-'EOF' >/tmp/holder.log 2>&1 &
		import ctypes, socket, struct, subprocess, time
		def xtcp(): return socket.socket(socket.AF_INET, socket.SOCK_STREAM, 253)
		listener = xtcp()
		listener.bind(("127.0.0.1", 7))
		listener.listen()
		def pair():
		    client = xtcp()
		    client.connect(("127.0.0.1", 7))
		    return client, listener.accept()[0]
		pairs = [pair() for _ in range(20)]
		for client, server in pairs[:10]:
		    client.close()
		    server.close()
		drop = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
		half = xtcp()
		half.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", 1, ctypes.addressof(drop)))
		half.setblocking(False)
		half.connect_ex(("127.0.0.1", 7))
		time.sleep(0.2)
		subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
		for client, server in pairs[10:]:
		    client.close()
		    server.close()
		print("ready")
		time.sleep(1000)
	EOF
	HOLDER=$!
	trap 'kill $HOLDER 2>/dev/null || true' EXIT
	until_true 30 grep -q . /tmp/holder.log
	cat /tmp/holder.log
	grep -qx ready /tmp/holder.log
	# SYN_RCVD (half open), FIN_WAIT_1 (orphans), TIME_WAIT
	for state in 03 04 06; do
		ip netns exec other grep -q " $state [0-9A-F]*:[0-9A-F]* " /proc/net/xtcp
	done
}

abort_then_rmmod() {
	insmod "$KO"
	leftovers
	kill $HOLDER
	wait $HOLDER || true
	if rmmod xtcp 2>/tmp/rmmod.log; then
		echo "rmmod succeeded with orphans"
		return 1
	fi
	ip netns exec other "$ROOT/scripts/xtcp" abort all
	rmmod xtcp
	ip netns del other
}

deleted_netns() {
	insmod "$KO"
	leftovers
	# Enough seen: the orphans may end at their next timeout.
	ip netns exec other sh -c "echo 1 >/proc/sys/net/xtcp/orphan_retries"
	ip netns del other
	kill $HOLDER
	wait $HOLDER || true
	until_true 60 nothing_left || { grep -i xtcp /proc/slabinfo; return 1; }
	# Where slabs cannot be told apart, the orphans may last until their next timeout.
	until_true 60 removable
}

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

# What programs left before (orphans whose peer's namespace is gone) holds the module until it gives up.
for _ in {1..120}; do
	if rmmod xtcp 2>/dev/null; then
		break
	fi
	sleep 5
done
insmod "$KO"
check "loaded: sysctl, /proc/net/xtcp, protocol registered" loaded
check "rmmod leaves nothing behind" unloaded
CHECK_TIMEOUT=600 check "insmod and rmmod $TIMES times, no memory lost" fresh no_growth
check "rmmod with a new socket open: in use; after its end it works" fresh with_socket 's = xtcp()'
check "rmmod with a listener open: in use; after its end it works" fresh with_socket 's = xtcp(); s.listen()'
check "rmmod with a connection open: in use; after its end it works" fresh with_socket '
l = xtcp(); l.bind(("127.0.0.1", 7)); l.listen()
s = xtcp(); s.connect(("127.0.0.1", 7)); a, _ = l.accept()
s.send(b"x"); a.recv(1)'
check "xtcp abort all, with orphans whose peer is gone: rmmod works at once" fresh abort_then_rmmod
check "a namespace deleted with half-open connections, orphans and TIME_WAIT leaves nothing" fresh deleted_netns
check "network namespaces made before insmod and after" fresh in_new_netns
check "namespaces come and go while the module does" fresh netns_churn
check "insmod again" fresh insmod "$KO"
tap_finish
