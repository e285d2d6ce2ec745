# Shared helpers of the scripts in this directory. To be sourced, not run:
#   . "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"
#
# Gives: $ROOT (the clone), $CACHE (downloads, kernels and objects; never in the clone) and the functions below.
# shellcheck shell=bash

ROOT=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/..")
CACHE=${XTCP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/xtcp}
PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin:$PATH
export LC_ALL=C.UTF-8

log() { printf '%s\n' "${0##*/}: $*" >&2; }
die() { log "error: $*"; exit 1; }

# need PROGRAM...: every program must be there
need() {
	local p
	for p; do
		command -v "$p" >/dev/null || die "program '$p' is missing; run scripts/deps.sh as root, or install it"
	done
}

# deps GROUP...: install the packages of these groups (see deps.sh) if any is missing
deps() { "$ROOT/scripts/deps.sh" "$@" || exit 1; }

jobs() { nproc; }

# hash_of: a short hash of standard input
hash_of() { sha256sum | cut -c1-12; }

# "${TIED[@]}" COMMAND...: a program that ends (SIGTERM) when its parent does, however that ends. (No function: a simple
# command in a pipe or before `&` has this script for its parent, not a subshell.)
# shellcheck disable=SC2034
TIED=(setpriv --pdeathsig TERM --)

pkg_version() { dpkg-query -W -f '${Version}' "$1"; }

# locked NAME COMMAND...: run COMMAND while holding the lock NAME; others wait their turn
locked() {
	local name=$1 fd
	shift
	mkdir -p "$CACHE/lock"
	exec {fd}>"$CACHE/lock/$name"
	flock "$fd"
	"$@" {fd}>&-
	exec {fd}>&-
}

# patiently TEXT COMMAND...: say TEXT when COMMAND takes longer than 3 s
patiently() {
	local text=$1 teller status=0
	shift
	(sleep 3 >/dev/null 2>&1 && log "$text") >/dev/null &
	teller=$!
	"$@" || status=$?
	kill $teller 2>/dev/null || true
	wait $teller 2>/dev/null || true
	return $status
}

# quietly LOGFILE COMMAND...: run with the output in LOGFILE; show its end when it fails
quietly() {
	local file=$1
	shift
	mkdir -p "${file%/*}"
	"$@" >"$file" 2>&1 </dev/null && return 0
	tail -n 40 "$file" >&2
	die "failed: $* (all of its output: $file)"
}

# debian_release 6.12|6.1|7.3: the release (as of uname -r) of the headers: the installed ones, of which 6.1 is Debian 12's
# default, or those of Debian 13
debian_release() {
	local meta=linux-headers-$1-amd64 depends root
	if [ "$1" = 7.3 ]; then
		root=$("$ROOT/scripts/debian13.sh" headers) || exit 1
		find "$root/usr/src" -maxdepth 1 -name 'linux-headers-*-amd64' | sed 's/.*linux-headers-//' | sort -V | tail -n 1
		return
	fi
	[ "$1" = 6.1 ] && meta=linux-headers-amd64
	depends=$(dpkg-query -W -f '${Depends}' "$meta") || die "package $meta is missing; run scripts/deps.sh vm"
	depends=${depends%% *}
	echo "${depends#linux-headers-}"
}
