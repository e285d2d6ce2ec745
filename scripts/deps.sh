#!/usr/bin/env bash
# Install the Debian packages the other scripts need; silent and instant when nothing is missing.
#
#   scripts/deps.sh [GROUP...]
#
# Groups: build (compile the module), uml (User-Mode Linux kernels), vm (kernels in QEMU), debian13 (what is newer), demo,
# functional (programs the tests run), check (the linters), report (a browser that looks at the laboratory's), coverage,
# bench, prove (the prover, and fuzzing beside it), deb (make deb), packages (what tries those).
# Without a group: build uml vm functional.
# Installing needs root and a working apt; without either it says which packages are missing.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

packages() {
	case $1 in
	build) echo gcc make libc6-dev rsync kmod python3-minimal ;;
	uml) echo linux-source-6.12 gcc make libc6-dev flex bison bc libelf-dev xz-utils rsync kmod python3 busybox-static iproute2 ;;
	vm) echo linux-headers-6.12-amd64 linux-headers-amd64 qemu-system-x86 busybox-static cpio xz-utils gcc make libc6-dev rsync kmod libelf-dev iproute2 nftables ;;
	debian13) echo mmdebstrap debian-archive-keyring rsync ;;
	demo) echo iproute2 nftables curl python3 kmod util-linux gcc libc6-dev ;;
	functional) echo iproute2 ethtool nftables tcpdump tshark bpftrace iperf3 curl nginx-light python3 gcc libc6-dev procps ;;
	check) echo patch linux-source-6.12 perl python3-ply xz-utils sparse coccinelle shellcheck pylint ;;
	report) echo chromium fonts-wqy-microhei ;;
	bench) echo gcc libc6-dev python3 python3-matplotlib iproute2 ethtool procps ;;
	deb) echo debhelper dh-dkms dh-python dpkg-dev lintian man-db python3 rsync gcc libc6-dev ;;
	packages) echo mmdebstrap debian-archive-keyring ;;
	coverage) echo lcov gcc ;;
	prove) echo gcc libc6-dev patch clang libclang-rt-14-dev ;;
	*) die "no group '$1'; groups are: build uml vm debian13 demo functional check report coverage bench prove deb packages" ;;
	esac
}

missing() {
	local wanted
	wanted=$(for g; do packages "$g"; done | tr ' ' '\n' | sort -u)
	# dpkg-query fails when it has never heard of one of them: that is the answer, not an error.
	# shellcheck disable=SC2086
	{ dpkg-query -W -f '${Package} ${db:Status-Status}\n' $wanted 2>/dev/null || true; } |
		sed -n 's/ installed$//p' | sort -u | comm -23 <(echo "$wanted") -
}

apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" \
		>>"$CACHE/log/apt.log" 2>&1 </dev/null
}

# Some packages (nginx-light) would start a server: they may not, unless the system has its own rule about that.
without_services() {
	local policy=/usr/sbin/policy-rc.d status=0
	[ ! -e $policy ] || { "$@"; return; }
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod +x $policy
	# shellcheck disable=SC2064 # now: it is local
	trap "rm -f $policy" EXIT
	"$@" || status=$?
	rm -f $policy
	return $status
}

install() {
	[ "$(id -u)" = 0 ] || die "missing packages: $*. Install them, or run this as root: scripts/deps.sh"
	mkdir -p "$CACHE/log"
	log "installing $*"
	apt install --no-install-recommends "$@" && return
	apt update || true
	apt install --no-install-recommends "$@" ||
		die "apt cannot install: $*. Are bookworm and bookworm-security among apt's sources? See $CACHE/log/apt.log"
}

command -v dpkg-query >/dev/null || die "this is not a Debian system; the test beds are made from Debian 12 packages"
[ $# -gt 0 ] || set -- build uml vm functional
for group; do packages "$group" >/dev/null; done
list=$(missing "$@")
[ -z "$list" ] && exit 0
# shellcheck disable=SC2086
locked apt without_services install $list
