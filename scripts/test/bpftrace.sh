#!/usr/bin/env bash
# The scripts of scripts/bpftrace: each is run beside the same few connections, and must have seen them. To be run inside
# a place that has BTF, as root:
#
#   scripts/run.sh 6.12 scripts/test/bpftrace.sh
set -euo pipefail
ROOT=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
. "$ROOT/scripts/test/tap.sh"

# One connection that is closed, one that is refused, and a connect() that nobody answers.
cat >/tmp/connections.py <<'END'
import contextlib
import socket

def stream():
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, 253)

listener = stream()
listener.bind(("127.0.0.1", 8090))
listener.listen()
client = stream()
client.connect(("127.0.0.1", 8090))
server = listener.accept()[0]
client.close()
server.recv(1)
server.close()
for address in ("127.0.0.1", 9), ("192.0.2.1", 9):
    with contextlib.suppress(OSError), stream() as lost:
        lost.connect(address)
END

# seen SCRIPT PATTERN...: what the script printed has each of these
seen() {
	local script=$1 pattern
	shift
	bpftrace -c "$(command -v python3) /tmp/connections.py" "$ROOT/scripts/bpftrace/$script.bt" | tee /tmp/said
	for pattern; do
		grep -qE -- "$pattern" /tmp/said || { echo "no '$pattern'"; return 1; }
	done
}

ip link add void type dummy
ip addr add 192.0.2.9/24 dev void
ip link set void up
sysctl -q net.xtcp.syn_retries=1 net.xtcp.rto_init_ms=100

check "retransmits: who retransmits" seen retransmits ' ::ffff:192\.0\.2\.9 +[0-9]+ +::ffff:192\.0\.2\.1 +9 +SYN +1 +200' \
	'^@again\[::ffff:192\.0\.2\.1, 9, SYN\]: 1'
check "handshakes: how long they take" seen handshakes '^@handshake_us\[client\]' '^@handshake_us\[server\]' \
	'^@failed\[client\]: 2'
check "states: how long connections stay in each" seen states '^@dwell_ms\[ESTABLISHED\]' '^@dwell_ms\[SYN_SENT\]' \
	'^@dwell_ms\[LAST_ACK\]'
check "drops: by reason" seen drops '^@dropped\[DropNoFlow, 9\]: 1'
tap_finish
