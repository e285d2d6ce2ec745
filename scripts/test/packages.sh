#!/usr/bin/env bash
# The Debian packages, in a Debian of their own (some minutes, as root): made, looked at by lintian, installed by apt, the
# module built by dkms for two kernels, the command tried, all of it removed; and the same of `make dkms`.
#
#   scripts/test/packages.sh
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../lib.sh"
deps deb packages
DIR=$CACHE/packages
DEBIAN=$DIR/copy
export XTCP_OUT=$DIR/out
. "$ROOT/scripts/test/tap.sh"
VERSION=$(sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' "$ROOT/module/main.c")

make_root() {
	[ ! -d "$DIR/root" ] || return 0
	rm -rf "$DIR/partial"
	# Headers of 6.12 bring their kernel with them; it needs no initramfs here.
	INITRD=No mmdebstrap --quiet --variant=apt --include=dkms,gcc,make,man-db,linux-headers-amd64,linux-headers-6.12-amd64 \
		bookworm "$DIR/partial"
	mv "$DIR/partial" "$DIR/root"
}

# dkms looks into /proc.
in_root() {
	# shellcheck disable=SC2016
	DEBIAN_FRONTEND=noninteractive "${TIED[@]}" unshare --mount --pid --fork --kill-child bash -c \
		'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$DEBIAN" "$@"
}

kernels() { in_root find /lib/modules -mindepth 1 -maxdepth 1 -printf '%f\n' | sort; }

made() {
	"$ROOT/scripts/deb.sh" "$DIR/deb"
	[ -z "$(lintian --allow-root "$DIR"/deb/*.deb | tee /dev/stderr)" ]
}

installed() {
	rm -rf "$DEBIAN/tmp/deb"
	cp -r "$DIR/deb" "$DEBIAN/tmp/deb"
	in_root apt-get -qq -y install --no-install-recommends "/tmp/deb/xtcp-dkms_${VERSION}_all.deb" \
		"/tmp/deb/xtcp-tools_${VERSION}_$(dpkg --print-architecture).deb"
}

built() {
	local kernel
	[ "$(kernels | wc -l)" = 2 ]
	for kernel in $(kernels); do
		in_root dkms install "xtcp/$VERSION" -k "$kernel"
		in_root dkms status "xtcp/$VERSION" -k "$kernel" | grep -q installed
		in_root modinfo -k "$kernel" -F vermagic xtcp | grep "^$kernel "
	done
}

command_() {
	local said
	[ "$(in_root xtcp --version)" = "xtcp $VERSION" ]
	in_root xtcp complete | grep -qx msl_ms
	said=$(in_root xtcp run true 2>&1) || true
	grep "not loaded" <<<"$said"
	in_root man -w 8 xtcp
	in_root man -w 7 xtcp
	in_root bash -n /usr/share/bash-completion/completions/xtcp
}

# What may be left: nothing.
gone() {
	local left
	left=$(in_root find / -xdev -path '*xtcp*' -not -path '/tmp/*' -not -path '/proc/*' -not -path '/var/log/*' \
		-not -path '/var/cache/*')
	[ -z "$left" ] || { echo "$left"; return 1; }
}

removed() {
	in_root apt-get -qq -y purge xtcp-dkms xtcp-tools
	gone
}

# Without packages: the sources to /usr/src by make, the tools beside it.
by_make() {
	local kernel
	make -C "$ROOT" dkms install-tools DESTDIR="$DEBIAN" PREFIX=/usr/local
	for kernel in $(kernels); do
		in_root dkms install "xtcp/$VERSION" -k "$kernel"
		in_root modinfo -k "$kernel" -F vermagic xtcp | grep "^$kernel "
	done
	in_root xtcp --version
	in_root dkms remove "xtcp/$VERSION" --all
	rm -rf "$DEBIAN/usr/src/xtcp-$VERSION"
	make -C "$ROOT" uninstall-tools DESTDIR="$DEBIAN" PREFIX=/usr/local
	gone
}

mkdir -p "$DIR" "$XTCP_OUT"
locked packages make_root
rm -rf "$DEBIAN"
cp -a --reflink=auto "$DIR/root" "$DEBIAN"
export CHECK_TIMEOUT=600
check "two packages, and lintian says nothing" made
check "apt installs them" installed
check "dkms builds the module for two kernels" built
check "the command, its man pages and completion" command_
check "apt takes all away" removed
check "by make: dkms add, build, install, remove for two kernels" by_make
tap_finish
