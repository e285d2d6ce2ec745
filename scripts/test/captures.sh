#!/usr/bin/env bash
# Look at captures with tshark and with checksums.py: every segment must be well formed and its checksums right.
#
#   scripts/test/captures.sh DIRECTORY
#
# Prints one `ok` or `not ok` line a capture (*.pcap), as the other tests do. tshark decodes protocol 253 as TCP, but
# cannot judge its checksum, since it puts protocol 6 into the pseudo header whatever the packet says.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../lib.sh"

DIR=${1:?usage: captures.sh DIRECTORY}
XTCP_OUT=$DIR
. "$ROOT/scripts/test/tap.sh"

PROBLEMS='_ws.malformed || _ws.short || _ws.expert.severity == error'
# tshark counts 0xFFFF for 0 as bad, though the two are the same number
BAD_SUM='(tcp.checksum.status == 0 && !tcp.checksum.ffff)'

# decodes FILE CHECK-CHECKSUMS FILTER: what is inside the segments is not our matter: data, on every port.
decodes() {
	local bad
	bad=$(tshark -r "$1" -d ip.proto==253,tcp -d tcp.port==1-65535,data -o tcp.check_checksum:"$2" \
		-Y "$3" 2>&1 | grep -v '^Running as user' || true)
	[ -z "$bad" ] || { echo "malformed:"; echo "$bad" | head -n 10; return 1; }
}

checksums_right() { python3 "$ROOT/scripts/test/checksums.py" "$1"; }

look() {
	decodes "$1" FALSE "$PROBLEMS" &&
		decodes "$1" TRUE "(ip.proto == 6 || ipv6.nxt == 6) && ($PROBLEMS || $BAD_SUM)" &&
		checksums_right "$1"
}

deps functional
for file in "$DIR"/*.pcap; do
	[ -e "$file" ] || die "no captures in $DIR"
	check "segments of ${file##*/} are well formed, checksums right" look "$file"
done
tap_finish
