#!/usr/bin/env bash
# `xtcp run` by the kernel's hook, for programs that no library reaches. To be run inside a place whose kernel has the
# hook (Linux 6.6 or later, with BTF), as root:
#
#   scripts/run.sh 6.12 scripts/test/turned.sh
set -euo pipefail
ROOT=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
. "$ROOT/scripts/test/tap.sh"
XTCP=$ROOT/scripts/xtcp
GROUPS_=/sys/fs/cgroup
PYTHON='import socket; print(socket.socket().getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL))'

grep -q ' cgroup2 ' /proc/mounts || mount -t cgroup2 none $GROUPS_
for how in static dynamic; do
	gcc -O -pthread "-${how/dynamic/pie}" -o /tmp/$how "$ROOT/scripts/test/protocol.c"
done

# fails_with STATUS PATTERN COMMAND...: on standard error
fails_with() {
	local status=0 want=$1 pattern=$2
	shift 2
	"$@" 2>/tmp/said || status=$?
	cat /tmp/said
	[ $status = "$want" ] && grep -q -- "$pattern" /tmp/said
}

status_is() {
	local status=0 want=$1
	shift
	"$@" || status=$?
	[ $status = "$want" ]
}

says() {
	local want=$1 said
	shift
	said=$("$@")
	[ "$said" = "$want" ] || { echo "$said"; return 1; }
}

nothing_is_turned() { "$XTCP" turned | grep -q "nothing is turned" && [ ! -e /sys/fs/bpf/xtcp ]; }

# What a program leaves is cleared by a process of its own, which may take its time.
all_is_cleared() { until_true 60 nothing_is_turned && until_true 60 no_cgroup_left; }
no_cgroup_left() { ! compgen -G "$GROUPS_/xtcp-*" >/dev/null; }

five_sockets() { says "$(printf '%s\n' 253 253 253 253 253)" "$XTCP" run "$@"; }

setuid_program() {
	cp /tmp/static /tmp/setuid
	chown 65534 /tmp/setuid
	chmod 4755 /tmp/setuid
	five_sockets /tmp/setuid
}

others_stay() {
	# shellcheck disable=SC2016
	says "$(printf '253\n6')" "$XTCP" run bash -c '/tmp/static once; echo 0 >/sys/fs/cgroup/cgroup.procs; /tmp/static once'
}

# Static programs as they are: busybox serves a file and fetches it.
static_pair() {
	local server=0 status=0 before after
	mkdir -p /tmp/www
	head -c 300000 /dev/urandom >/tmp/www/file
	before=$("$XTCP" stat -akj ActiveEstablished)
	"$XTCP" run busybox httpd -f -p 127.0.0.1:8085 -h /tmp/www &
	server=$!
	until_true 60 grep -q ':1F95 .* 0A ' /proc/net/xtcp
	"$XTCP" run busybox wget -q -O /tmp/www/got http://127.0.0.1:8085/file || status=$?
	kill $server
	wait $server || true
	after=$("$XTCP" stat -akj ActiveEstablished)
	[ $status = 0 ] && cmp /tmp/www/file /tmp/www/got && [ "$before" != "$after" ]
}

# What a program leaves running is turned on, and its cgroup is there as long.
daemon() {
	local left
	# shellcheck disable=SC2016
	"$XTCP" run bash -c 'trap "/tmp/static once >/tmp/daemon" USR1; echo $BASHPID >/tmp/left
		{ while [ ! -s /tmp/daemon ]; do read -rt 0.1 <><(:) || true; done; } >/dev/null 2>&1 &
		wait' &
	until_true 60 test -s /tmp/left
	left=$(cat /tmp/left)
	"$XTCP" turned
	"$XTCP" turned | grep -q "xtcp-"
	kill -USR1 "$left"
	wait
	[ "$(cat /tmp/daemon)" = 253 ]
}

# Two programs at once: the end of one is not that of the other.
two_at_once() {
	mkfifo /tmp/go
	"$XTCP" run bash -c 'read -r </tmp/go; /tmp/static once >/tmp/second' &
	until_true 60 compgen -G "$GROUPS_/xtcp-*"
	"$XTCP" run /tmp/static once
	echo >/tmp/go
	wait
	[ "$(cat /tmp/second)" = 253 ]
}

# in_cgroup NAME COMMAND...
in_cgroup() {
	local group=$GROUPS_/$1
	shift
	mkdir -p "$group"
	(echo $BASHPID >"$group/cgroup.procs"; exec "$@")
}

cgroup() {
	says 6 in_cgroup there /tmp/static once
	"$XTCP" run --cgroup $GROUPS_/there
	says 253 in_cgroup there /tmp/static once
	says 253 in_cgroup there/below /tmp/static once
	"$XTCP" turned | grep "$GROUPS_/there .* 2 .*static("
	"$XTCP" turned --off there
	says 6 in_cgroup there /tmp/static once
	nothing_is_turned
	fails_with 1 "no cgroup nowhere" "$XTCP" run --cgroup nowhere
	fails_with 1 "is not turned" "$XTCP" turned --off there
}

# Namespaces of all kinds and a cgroup of its own; its first process asks twice.
container() {
	local first
	rm -f /tmp/once
	# shellcheck disable=SC2016
	in_cgroup box unshare --mount --uts --ipc --net --pid --fork --mount-proc bash -c \
		'/tmp/static once >/tmp/before; until [ -e /tmp/once ]; do sleep 0.1; done; /tmp/static once >/tmp/after' &
	until_true 60 test -s /tmp/before
	first=$(pgrep -P "$(pgrep -f '^unshare --mount')")
	"$XTCP" run --container "$first"
	touch /tmp/once
	wait
	"$XTCP" turned --off box
	[ "$(cat /tmp/before)" = 6 ] && [ "$(cat /tmp/after)" = 253 ] &&
		fails_with 1 "no cgroup of its own" "$XTCP" run --container $$
}

# The drop-in says what systemd does at start and stop, in the cgroup of the unit.
service() {
	local file=/etc/systemd/system/some.service.d/xtcp.conf before after
	mount -t tmpfs none /etc/systemd/system
	"$XTCP" run --service some
	before=$(sed -n 's/^ExecStartPre=+//p' $file)
	after=$(sed -n 's/^ExecStopPost=+-//p' $file)
	# shellcheck disable=SC2086
	in_cgroup some.service $before
	says 253 in_cgroup some.service /tmp/static once
	"$XTCP" turned | grep "^some.service: .* by the hook"
	# shellcheck disable=SC2086
	in_cgroup some.service $after
	says 6 in_cgroup some.service /tmp/static once
	"$XTCP" turned --off some.service
	[ ! -e ${file%/*} ]
	umount /etc/systemd/system
}

why() {
	fails_with 0 "by the kernel's hook" "$XTCP" run --why /tmp/static
	grep -q 'static([0-9]*): 3 of IPv4 turned' /tmp/said && grep -q 'static([0-9]*): 1 of IPv6 turned' /tmp/said
	fails_with 0 "by the library .*--preload" "$XTCP" run --why --preload /tmp/dynamic once
	grep -q 'dynamic([0-9]*): a socket of IPv4 turned' /tmp/said
	status_is 3 "$XTCP" run --why bash -c 'exit 3'
	status_is 143 "$XTCP" run --why bash -c 'kill -TERM $$'
}

without_rights() {
	cp -r "$ROOT/scripts" /tmp/scripts
	chmod -R go+rX /tmp/scripts
	local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	fails_with 126 "statically linked.*needs root" "${nobody[@]}" /tmp/scripts/xtcp run /tmp/static
	fails_with 1 "only root" "${nobody[@]}" /tmp/scripts/xtcp turned
}

check "a static program, with threads and children" five_sockets /tmp/static
check "a dynamic one" five_sockets /tmp/dynamic
check "Python" says 253 "$XTCP" run python3 -c "$PYTHON"
check "a program with set-user-ID" setuid_program
check "a datagram socket stays UDP" says 17 "$XTCP" run python3 -c "${PYTHON/socket()/socket(2, 2)}"
check "who leaves the cgroup opens TCP" others_stay
check "exit status is the program's" status_is 42 "$XTCP" run bash -c 'exit 42'
check "death by a signal is the program's" status_is 143 "$XTCP" run bash -c 'kill -TERM $$'
check "nothing is left of all that" all_is_cleared
check "static server and client" static_pair
check "what a program leaves running is turned" daemon
check "two programs at once" two_at_once
check "nothing is left of them" all_is_cleared
check "a cgroup there is" cgroup
check "a container" container
check "a service" service
check "--why" why
check "without rights a static program is refused" without_rights
check "nothing is left" all_is_cleared
tap_finish
