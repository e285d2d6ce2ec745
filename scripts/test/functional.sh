#!/usr/bin/env bash
# Ordinary programs over xtcp, between two network namespaces. To be run inside a test place, as root:
#
#   scripts/run.sh uml scripts/test/functional.sh small|medium|large
#
#        netns xt0                                    netns xt1
#   +------------------+                         +------------------+
#   | clients, tcpdump |  v0                 v1  | servers, tcpdump |
#   |    10.253.0.1/24 +-------- veth -----------+ 10.253.0.2/24    |
#   |      fd00:fd::1  |   netem at both ends    |   fd00:fd::2     |
#   +------------------+                         +------------------+
#
# XTCP_WRAP: what programs are started with (default: scripts/xtcp run; empty: the kernel's own TCP, as a reference).
# XTCP_OUT: where logs and captures go; the captures are looked at afterwards, on the host, by captures.sh.
set -euo pipefail
ROOT=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
. "$ROOT/scripts/test/tap.sh"

SIZE=${1:-small} MIB=1048576
case $SIZE in
small) LARGE=8 PIECES=3 LOSSY=2 CONNECTIONS=25 ;;
medium) LARGE=16 PIECES=5 LOSSY=3 CONNECTIONS=50 ;;
large) LARGE=256 PIECES=50 LOSSY=40 CONNECTIONS=500 ;;
*) echo "usage: functional.sh small|medium|large" >&2; exit 2 ;;
esac
WRAP=${XTCP_WRAP-$ROOT/scripts/xtcp run}
export PYTHONDONTWRITEBYTECODE=1
STREAM=$ROOT/scripts/test/stream.py
A0=10.253.0.1 A1=10.253.0.2 B1=fd00:fd::2
WORK=/tmp/functional

n0() { ip netns exec xt0 "$@"; }
n1() { ip netns exec xt1 "$@"; }
# shellcheck disable=SC2086
x0() { n0 $WRAP "$@"; }
# shellcheck disable=SC2086
x1() { n1 $WRAP "$@"; }

# server LOGNAME COMMAND...: start it in xt1
server() {
	local log=$TAP_LOG/$1.log
	shift
	x1 "$@" >"$log" 2>&1 </dev/null &
}

# serves LOGNAME PATTERN: wait until its log holds PATTERN
serves() { until_true 30 grep -q "$2" "$TAP_LOG/$1.log"; }

namespaces() {
	ip netns add xt0
	ip netns add xt1
	ip link add v0 netns xt0 type veth peer name v1 netns xt1
	n0 ip addr add $A0/24 dev v0
	n1 ip addr add $A1/24 dev v1
	n0 ip addr add fd00:fd::1/64 dev v0 nodad
	n1 ip addr add $B1/64 dev v1 nodad
	for side in n0 n1; do
		$side ip link set lo up
	done
	n0 ip link set v0 up
	n1 ip link set v1 up
	until_true 10 n0 grep -q ^fd0000fd0*1\ 80 /proc/net/ipv6_route # a worker makes it
	until_true 10 n1 grep -q ^fd0000fd0*2\ 80 /proc/net/ipv6_route
	until_true 10 n0 grep -q 1 /sys/class/net/v0/carrier
	until_true 10 n1 grep -q 1 /sys/class/net/v1/carrier
}

cleanup() {
	local pids
	pids=$(ip netns pids xt0; ip netns pids xt1) 2>/dev/null
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill $pids 2>/dev/null
	for pid in $pids; do
		until_true 5 test ! -d "/proc/$pid" || kill -KILL "$pid"
	done
	ip netns del xt0
	ip netns del xt1
}

# The link: clean, or what netem does to it. Large segments would be lost as a whole, so they are cut first.
link() {
	n0 tc qdisc del dev v0 root 2>/dev/null || true
	n1 tc qdisc del dev v1 root 2>/dev/null || true
	offload on
	[ "$1" != clean ] || return 0
	offload off
	n0 tc qdisc add dev v0 root netem limit 10000 "$@"
	n1 tc qdisc add dev v1 root netem limit 10000 "$@"
}

offload() {
	n0 ethtool -K v0 tso "$1" gso "$1" gro "$1" >/dev/null
	n1 ethtool -K v1 tso "$1" gso "$1" gro "$1" >/dev/null
}

# xtcp run leaves a family that the module cannot do to TCP: then there is nothing to test.
has_ipv6() {
	[ -z "$WRAP" ] || python3 -c 'import socket; socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 253)' 2>/dev/null
}

check6() {
	if has_ipv6; then
		check "$@"
	else
		echo "# skipped, the module has no IPv6: $1"
	fi
}

web_server() {
	mkdir -p $WORK/www $WORK/nginx
	head -c $((5 * MIB)) /dev/urandom >$WORK/www/file
	head -c 4000 /dev/urandom >$WORK/www/small
	cat >$WORK/nginx.conf <<-END
		daemon off; user root; worker_processes 2; pid $WORK/nginx/pid; error_log stderr notice;
		events { worker_connections 1024; }
		http {
			access_log off; sendfile on; tcp_nopush on;
			client_body_temp_path $WORK/nginx/body; proxy_temp_path $WORK/nginx/proxy; fastcgi_temp_path $WORK/nginx/f;
			uwsgi_temp_path $WORK/nginx/u; scgi_temp_path $WORK/nginx/s;
			server { listen 80; listen [::]:80; root $WORK/www; }
		}
	END
	server nginx nginx -e stderr -c $WORK/nginx.conf
	server http.server python3 -u -m http.server 8000 --bind $A1 --directory $WORK/www
}

servers() {
	web_server
	server stream4 python3 "$STREAM" serve $A1 5000
	server iperf3 iperf3 -s -B $A1 --forceflush
	if has_ipv6; then
		server stream6 python3 "$STREAM" serve $B1 5000
		server iperf3-6 iperf3 -s -B $B1 --forceflush
		serves stream6 ready
		serves iperf3-6 'Server listening'
	fi
	serves stream4 ready
	serves iperf3 'Server listening'
	serves http.server 'Serving HTTP'
	serves nginx 'start worker process'
}

fetch() {
	x0 curl -sS --max-time $((100 * SLACK)) -o - "$1" | cmp - "$WORK/www/${1##*/}"
}

# Many requests in one connection (keep-alive); every answer must be whole.
fetch_many() {
	x0 curl -sS --max-time $((100 * SLACK)) "$1?[1-50]" >$WORK/many
	printf "$WORK/www/small %.0s" {1..50} | xargs cat | cmp - $WORK/many
}

iperf() { x0 iperf3 -c "$@" --connect-timeout $((20000 * SLACK)); }

stream() { x0 python3 "$STREAM" "$@"; }

clean_link() {
	link clean
	check "iperf3, client to server" iperf $A1 -n $((LARGE / 4))M
	check "iperf3, server to client" iperf $A1 -n $((LARGE / 4))M -R
	check "iperf3, both ways at once, 4 streams" iperf $A1 -n $((LARGE / 4))M -P 4 --bidir
	check6 "iperf3, IPv6" iperf $B1 -n $((LARGE / 4))M
	check "curl from nginx" fetch http://$A1/file
	check6 "curl from nginx, IPv6" fetch "http://[$B1]/file"
	check "curl from nginx, 50 requests in a connection" fetch_many http://$A1/small
	check "curl from python3 -m http.server" fetch http://$A1:8000/file
	check "$LARGE MiB up, SHA-256 equal" stream put $A1 5000 1 $((LARGE * MIB))
	check "$LARGE MiB down, SHA-256 equal" stream get $A1 5000 1 $((LARGE * MIB))
	check "$PIECES x 1 MiB up, one by one" stream put $A1 5000 "$PIECES" $MIB
	check "$PIECES x 1 MiB down, one by one" stream get $A1 5000 "$PIECES" $MIB
	check6 "$PIECES x 1 MiB up, IPv6" stream put $B1 5000 "$PIECES" $MIB 4
	check "$CONNECTIONS connections at once" stream parallel $A1 5000 "$CONNECTIONS" 16384
}

# impaired NAME NETEM...
impaired() {
	local name=$1
	shift
	link "$@"
	check "$name: $LOSSY x 1 MiB up" stream put $A1 5000 "$LOSSY" $MIB 10
	check "$name: $LOSSY x 1 MiB down" stream get $A1 5000 "$LOSSY" $MIB 10
	check6 "$name: $LOSSY x 1 MiB up, IPv6" stream put $B1 5000 "$LOSSY" $MIB 10
	check "$name: curl from nginx" fetch http://$A1/file
	check "$name: $((CONNECTIONS / 5)) connections at once" stream parallel $A1 5000 $((CONNECTIONS / 5)) 16384
}

# capture NAME COMMAND...: what COMMAND puts on the wire goes to NAME.pcap; segments and checksums as they would be
# on a cable: neither cut nor joined nor filled in by the device. To memory first: a directory of the host's is slow.
capture() {
	local pid
	offload off
	n0 ethtool -K v0 tx off >/dev/null
	n1 ethtool -K v1 tx off >/dev/null
	n1 tcpdump -Z root -i v1 -s 0 -B 16384 -U --immediate-mode -w "$WORK/$1.pcap" 'ip proto 253 or tcp or ip6' 2>"$TAP_LOG/$1.tcpdump" &
	pid=$!
	until_true 20 grep -q 'listening on' "$TAP_LOG/$1.tcpdump"
	"${@:2}"
	pkill -INT -P $pid tcpdump || kill -INT $pid
	wait $pid
	cp "$WORK/$1.pcap" "$XTCP_OUT/"
	grep -q '^0 packets dropped by kernel' "$TAP_LOG/$1.tcpdump"
	n0 ethtool -K v0 tx on >/dev/null
	n1 ethtool -K v1 tx on >/dev/null
}

small_transfers() {
	stream put $A1 5000 2 300000
	stream get $A1 5000 2 300000
	! has_ipv6 || stream get $B1 5000 2 300000
	stream parallel $A1 5000 20 3000
	x0 curl -sS -o /dev/null http://$A1/small
}

captured() {
	link clean
	check "capture: small transfers" capture clean small_transfers
	link loss 2% delay 2ms
	check "capture: small transfers with loss" capture loss small_transfers
	link clean
}

# Nothing may have fallen back to TCP: no socket of the kernel's TCP was opened in these namespaces.
no_tcp() {
	[ -n "$WRAP" ] || return 0
	for side in n0 n1; do
		[ "$($side nstat -asz TcpInSegs | awk '/TcpInSegs/ { print $2 }')" = 0 ]
	done
}

mkdir -p $WORK
trap cleanup EXIT
namespaces
servers
clean_link
impaired "loss 2 %" loss 2% delay 2ms
[ "$SIZE" != large ] || impaired "delay 5 ms" delay 5ms
[ "$XTCP_PLACE" = 6.1 ] || impaired "reordering" delay 5ms 1ms reorder 25% 50%
captured
check "no segment went over the kernel's TCP" no_tcp
tap_finish
