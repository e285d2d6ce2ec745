#!/bin/bash
# The first process inside a test place (UML or VM); started by run.sh through the kernel's command line, not by hand.
#
# The kernel hands these over as environment: XTCPOUT (the directory shared with the host, writable), XTCPKERNEL (VM
# only: the directory of kernel-debian.sh). In $XTCPOUT/.run lie, from run.sh, `job` (bash variables) and, for run.sh,
# what this script writes: `status`, `dmesg`, `ktap`, `unload-failed` if so and, in a debug kernel, `kmemleak`.
# It never returns: the place is powered off at the end, whatever happens.
set -uo pipefail
export PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin LC_ALL=C.UTF-8 HOME=/tmp TERM=${TERM:-dumb}
RUN=$XTCPOUT/.run

say() { echo "guest: $*"; }

# Directories of the host that a mount of ours would hide (a clone below /tmp, for instance) are shown again.
uncover() {
	local dir
	for dir; do
		case $dir in
		/tmp/* | /run/*) mkdir -p "$dir" && mount --bind "/run/host$dir" "$dir" ;;
		esac
	done
}

mount_kernel_filesystems() {
	mount -t proc proc /proc
	mount -t sysfs sys /sys
	mount -t debugfs debugfs /sys/kernel/debug
	mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
	mkdir -p /dev/pts /dev/shm
	mount -t devpts devpts /dev/pts
	mount -t tmpfs shm /dev/shm
	ln -sfn /proc/self/fd /dev/fd
	ln -sfn fd/0 /dev/stdin
	ln -sfn fd/1 /dev/stdout
	ln -sfn fd/2 /dev/stderr
}

mount_writable() {
	mount --bind / /mnt
	mount -t tmpfs -o mode=755 run /run
	mkdir -p /run/host /run/lock /run/netns
	mount --move /mnt /run/host
	mount -t tmpfs tmp /tmp
}

# Only the host's directory of results can be written to; it has the same path here and there.
mount_results() {
	mkdir -p "$XTCPOUT" 2>/dev/null
	if [ -n "${XTCPKERNEL-}" ]; then
		mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=none,rw out "$XTCPOUT"
	else
		mount -t hostfs -o "$XTCPOUT" none "$XTCPOUT"
	fi
}

set_up() {
	mount_kernel_filesystems
	mount_writable
	mount_results || { say "cannot mount $XTCPOUT"; return 1; }
	# shellcheck source=/dev/null
	. "$RUN/job"
	[ -z "$INTERACTIVE" ] || stty onlcr
	uncover "$ROOT" "${KO%/*}" "${XTCPKERNEL-}" "$XTCP_PRELOAD_DIR"
	[ -z "${XTCPKERNEL-}" ] || mount --bind "$XTCPKERNEL/root/lib/modules" /lib/modules
	ip link set lo up
	keep_hooks || say "no hooks of netfilter: QEMU may panic when they come and go"
	hostname xtcp
	ulimit -n 65536
	dmesg -w >"$RUN/dmesg" &
	FOLLOWER=$!
}

# The first hook and the last rewrite the kernel's text (its static keys), and a processor that QEMU emulates can meet
# the breakpoint of that after it has gone: a panic ("int3") of no one's fault. With hooks that stay it happens once,
# while nothing else runs.
keep_hooks() {
	[ -n "${XTCPKERNEL-}" ] || return 0
	nft 'table inet kept {
		chain in { type filter hook input priority 0; }
		chain out { type filter hook output priority 0; }
	}'
}

load() {
	[ -n "$KO" ] && [ -n "$LOAD" ] || return 0
	echo "xtcp-run: insmod" >/dev/kmsg
	# shellcheck disable=SC2086
	insmod "$KO" $INSMOD_ARGS
}

# Sockets of programs just ended may still hold the module for a moment.
unload() {
	[ -d /sys/module/xtcp ] && [ "$RMMOD_TRIES" -gt 0 ] || return 0
	for _ in $(seq "$RMMOD_TRIES"); do
		rmmod xtcp 2>/tmp/rmmod.err && return
		sleep 0.2
	done
	cat /tmp/rmmod.err
	say "rmmod xtcp was impossible for $((RMMOD_TRIES / 5)) s; what may hold it:"
	cat /proc/net/xtcp /proc/net/xtcp6 2>/dev/null
	grep -i xtcp /proc/modules /proc/slabinfo /proc/net/protocols
	touch "$RUN/unload-failed"
}

# kmemleak does not report objects younger than 5 s, nor those that changed since its last look. The second look is
# later: what the exit of `sleep` leaves to RCU looks unreferenced for a moment.
scan_leaks() {
	local file=/sys/kernel/debug/kmemleak
	[ -w $file ] || return 0
	sleep 6
	echo scan >$file
	sleep 2
	echo scan >$file
	cat $file >>"$RUN/kmemleak"
	echo clear >$file
}

command_() {
	cd "$ROOT" || return
	if [ -n "$INTERACTIVE" ]; then
		# shellcheck disable=SC2094 # a terminal
		setsid -c bash -i -c "$COMMAND" <"$TTY" >"$TTY" 2>&1
	else
		setsid bash -c "$COMMAND" </dev/null
	fi
}

job() {
	local status
	set_up || return 99
	load || { say "insmod $KO failed"; return 98; }
	command_
	status=$?
	if [ -z "$INTERACTIVE" ]; then
		scan_leaks
		unload
		[ -z "$KO" ] || scan_leaks
	fi
	return $status
}

finish() {
	local status=$1
	[ -z "${FOLLOWER-}" ] || kill "$FOLLOWER"
	dmesg >"$RUN/dmesg"
	dmesg -t | sed -n '/^xtcp-run: insmod/,$p' >"$RUN/ktap"
	echo "$status" >"$RUN/status"
	stty onlcr # waits until everything written has left
	echo 0 >/proc/sys/kernel/printk
	busybox poweroff -f
}

mount -t devtmpfs dev /dev 2>/dev/null
TTY=/dev/console
[ -z "${XTCPKERNEL-}" ] || TTY=/dev/ttyS1
# shellcheck disable=SC2094 # a terminal
exec <"$TTY" >"$TTY" 2>&1
stty -onlcr
job
finish $?
