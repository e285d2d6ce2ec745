#!/usr/bin/env bash
# Boot a test place, load xtcp.ko, run a command as root, unload, look at the kernel's log, power off.
#
#   scripts/run.sh uml|uml-debug|uml-7.3|6.12|6.1|7.3 [OPTION]... COMMAND [ARG]...
#
#   --no-module        do not build and load the module (default: build with build.sh, insmod, at the end rmmod)
#   --no-insmod        build it, and leave loading it to the command ($XTCP_KO)
#   --no-rmmod         do not rmmod at the end
#   --insmod-args ARGS parameters for insmod
#   --virtual          waits take no time. UML: time passes only where nothing runs, exactly. VM: one processor, an
#                      instruction takes a nanosecond, idle time none; so figures can be repeated
#   --timeout S        wall time after which the place is killed and the run fails (default 600)
#   --append ARGS      more for the kernel's command line
#   --gdb SOCKET       QEMU listens there for a debugger (VM)
#   --interactive      a terminal for the command
#
# The place sees the host's files, read-only; writable are /tmp, /run (empty at first) and $XTCP_OUT: a directory with the
# same path here and there (default: a new one in the cache). Variables named XTCP_* are handed through. The command runs
# in the clone's directory; its output appears here, its exit status is the status of this script. If the command
# succeeds but the module cannot be removed, or the kernel complained (BUG, WARNING, KASAN, lockdep, leaks...), the
# status is not 0 and the complaint is shown. $XTCP_OUT/.run keeps dmesg, console, ktap and, if nothing of that
# happened, an empty file `clean`.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

COMPLAINTS='BUG|WARNING|KASAN|UBSAN|possible .*(deadlock|locking)|suspicious RCU|inconsistent lock state|bad unlock|kmemleak: [1-9]'
COMPLAINTS+='|ODEBUG|Attempt to release|refcount_t|ref_tracker|general protection|Oops|Call Trace|Kernel panic|scheduling while atomic'
COMPLAINTS+='|waiting for .* to become free|blocked for more than|detected stall|Objects remaining|corruption'

usage() { sed -n '2,/^set/ s/^# \{0,1\}//p' "$0" >&2; exit 2; }

options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--no-module) MODULE= ;;
		--no-insmod) LOAD= ;;
		--no-rmmod) RMMOD_TRIES=0 ;;
		--insmod-args) INSMOD_ARGS=$2; shift ;;
		--virtual) VIRTUAL=y ;;
		--timeout) TIMEOUT=$2; shift ;;
		--gdb) GDB=$2; shift ;;
		--append) APPEND+=" $2"; shift ;;
		--interactive) INTERACTIVE=y ;;
		--*) usage ;;
		*) break ;;
		esac
		shift
	done
	[ $# -gt 0 ] || usage
	COMMAND=$(printf '%q ' "$@")
}

# What guest.sh reads.
write_job() {
	local KO=
	[ -z "$MODULE" ] || KO=$("$ROOT/scripts/build.sh" "$PLACE")
	XTCP_PRELOAD_DIR=$CACHE/preload/$(echo "$ROOT" | hash_of)
	export XTCP_PRELOAD_DIR
	"$ROOT/scripts/xtcp" library >/dev/null # the place cannot write to the cache
	rm -rf "$OUT/.run"
	mkdir -p "$OUT/.run"
	{
		printf '%s=%q\n' ROOT "$ROOT" KO "$KO" LOAD "$LOAD" COMMAND "$COMMAND" INSMOD_ARGS "$INSMOD_ARGS" \
			RMMOD_TRIES "$RMMOD_TRIES" INTERACTIVE "$INTERACTIVE"
		export -p | sed -nE 's/^declare -x ((XTCP_[A-Z_]*|CI)=)/export \1/p'
		echo "export XTCP_OUT=${OUT@Q} XTCP_PLACE=$PLACE XTCP_KO=${KO@Q} XTCP_CACHE=${CACHE@Q}"
	} >"$OUT/.run/job"
}

# UML keeps its memory in a file that must be executable: /dev/shm if that will do, else the cache.
uml_tmpdir() {
	local free
	free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -1) || free=0
	if [ "${free:-0}" -gt 3000000 ] && ! findmnt -no OPTIONS -T /dev/shm | grep -qw noexec; then
		echo /dev/shm
	else
		mkdir -p "$CACHE/tmp"
		echo "$CACHE/tmp"
	fi
}

# limited COMMAND...: for $TIMEOUT seconds at most, and not longer than this script lives, however it ends.
limited() {
	$EXEC setpriv --pdeathsig TERM timeout ${INTERACTIVE:+--foreground} -k 10 "$TIMEOUT" setpriv --pdeathsig KILL "$@"
}

boot_uml() {
	local out mode=normal memory=1G
	[ "$PLACE" = uml ] || mode=${PLACE#uml-}
	[ "$mode" != debug ] || memory=2G
	out=$("$ROOT/scripts/kernel-uml.sh" "$mode")
	TMPDIR=$(uml_tmpdir) limited "$out/linux" mem=$memory rootfstype=hostfs rootflags=/ ro \
		init="$ROOT/scripts/guest.sh" con0=fd:0,fd:1 con=null ssl=null loglevel=1 log_buf_len=16M slab_nomerge \
		${VIRTUAL:+time-travel=inf-cpu} XTCPOUT="$OUT" "$@" 2>"$OUT/.run/console"
}

boot_vm() {
	# Without what makes kernel and programs copy by `rep movsb`, which QEMU does octet by octet.
	local kernel cpu=(-accel "tcg,thread=multi" -smp 2 -cpu "max,-erms,-fsrm") serial=stdio
	kernel=$("$ROOT/scripts/kernel-debian.sh" "$PLACE")
	[ -z "$VIRTUAL" ] || cpu=(-accel tcg -icount "shift=0,sleep=off" -smp 1 -cpu max)
	[ -z "$INTERACTIVE" ] || serial=mon:stdio
	limited qemu-system-x86_64 "${cpu[@]}" -m 1536 -display none -vga none -nic none -no-reboot \
		-kernel "$kernel/vmlinuz" -initrd "$kernel/initrd" \
		-fsdev local,id=root,path=/,security_model=none,readonly=on,multidevs=remap \
		-device virtio-9p-pci,fsdev=root,mount_tag=root \
		-fsdev local,id=out,path="$OUT",security_model=none,multidevs=remap \
		-device virtio-9p-pci,fsdev=out,mount_tag=out \
		${GDB:+-gdb "unix:$GDB,server=on,wait=off"} \
		-serial file:"$OUT/.run/console" -serial $serial -monitor none \
		-append "console=ttyS0 quiet panic=-1 mitigations=off log_buf_len=4M slab_nomerge \
			XTCPINIT=$ROOT/scripts/guest.sh XTCPOUT=$OUT XTCPKERNEL=$kernel ${VIRTUAL:+XTCPTIME=counted} $*"
}

# In the background, so that a signal to this script ends the place too; a terminal needs the foreground.
boot() {
	local status=0 place=vm pid
	[[ $PLACE != uml* ]] || place=uml
	# shellcheck disable=SC2086
	if [ -n "$INTERACTIVE" ]; then
		EXEC='' boot_$place $APPEND || status=$?
	else
		EXEC='exec' boot_$place $APPEND </dev/null &
		pid=$!
		trap 'kill $pid; wait $pid || true; exit 143' INT TERM HUP
		wait $pid || status=$?
		trap - INT TERM HUP
	fi
	[ $status != 124 ] && [ $status != 137 ] || log "$PLACE: killed after $TIMEOUT s"
}

show_complaints() {
	local file=$1
	[ -s "$file" ] && grep -qE "$COMPLAINTS" "$file" || return 0
	log "$PLACE: the kernel complained (all of it: $file):"
	grep -E -B2 -A25 "$COMPLAINTS" "$file" | head -n 120 >&2
	return 1
}

verdict() {
	local dir=$OUT/.run status complaint=0
	if [ ! -s "$dir/status" ]; then
		log "$PLACE: did not come to its end; last lines of its console and log:"
		tail -n 25 "$dir/console" "$dir/dmesg" >&2 || true
		return 96
	fi
	status=$(cat "$dir/status")
	show_complaints "$dir/dmesg" || complaint=95
	if [ -s "$dir/kmemleak" ]; then
		log "$PLACE: memory leaks (all of them: $dir/kmemleak):"
		head -n 60 "$dir/kmemleak" >&2
		complaint=94
	fi
	[ ! -e "$dir/unload-failed" ] || complaint=97
	[ $complaint != 0 ] || touch "$dir/clean"
	[ "$status" != 0 ] || status=$complaint
	return "$status"
}

PLACE=${1-} MODULE=y LOAD=y INSMOD_ARGS='' APPEND='' TIMEOUT=600 VIRTUAL='' INTERACTIVE='' GDB='' RMMOD_TRIES=150
case $PLACE in
uml | uml-debug | uml-7.3 | 6.12 | 6.1 | 7.3) shift ;;
*) usage ;;
esac
options "$@"
mkdir -p "$CACHE/run"
find "$CACHE/run" -mindepth 1 -maxdepth 1 -mtime +1 -exec rm -rf {} + # of former days
OUT=${XTCP_OUT:-$(mktemp -d "$CACHE/run/$PLACE.XXXXXX")}
mkdir -p "$OUT"
OUT=$(readlink -f "$OUT")
write_job
boot
verdict
