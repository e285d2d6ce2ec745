#!/usr/bin/env bash
# Make a stock Debian kernel ready to boot in QEMU and print the directory.
#
#   scripts/kernel-debian.sh 6.12|6.1|7.3
#
# The directory holds vmlinuz, initrd (a small one: busybox and the 9p modules; it switches to the host's root,
# read-only), root/lib/modules and `release`. The image has the release of the linux-headers that modules are built
# with; it is only unpacked into the cache, not installed.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

# What the initrd needs to mount the host's root; with everything they depend on.
INITRD_MODULES=(virtio_pci 9pnet_virtio 9p)

# Puts vmlinuz and lib/modules into $DIR.partial/unpacked. Those of Debian 13 are unpacked by another script; from 7.1 on
# all lies in /usr/lib/modules.
unpack() {
	local root
	if [ "$PLACE" = 7.3 ]; then
		root=$("$ROOT/scripts/debian13.sh" image)
		mkdir -p "$DIR.partial/unpacked/lib"
		cp -rl "$root/usr/lib/modules" "$DIR.partial/unpacked/lib/"
		mv "$DIR.partial/unpacked/lib/modules/$RELEASE/vmlinuz" "$DIR.partial/vmlinuz" ||
			die "image and headers of Debian 13 are not of one release; try make clean-cache"
	else
		download
		mv "$DIR.partial/unpacked/boot/vmlinuz-$RELEASE" "$DIR.partial/vmlinuz"
	fi
}

# apt's sandbox user cannot write to the cache below root's home; -o tells it not to try.
download() {
	local image=linux-image-$RELEASE version
	version=$(pkg_version "linux-headers-$RELEASE")
	(
		cd "$DIR.partial"
		log "fetching $image $version"
		apt-get -qq -o APT::Sandbox::User=root download "$image=$version" ||
			{ [ "$(id -u)" = 0 ] && apt-get -qq update && apt-get -qq -o APT::Sandbox::User=root download "$image=$version"; } ||
			die "apt cannot fetch $image=$version; if a newer one is out: apt-get update && apt-get install linux-headers-$PLACE-amd64"
		dpkg -x "$image"_*.deb unpacked
		rm "$image"_*.deb
	) >&2
}

arrange() {
	local dir=$DIR.partial
	mkdir -p "$dir/root"
	mv "$dir"/unpacked/lib "$dir/root/lib"
	rm -rf "$dir/unpacked"
	depmod -b "$dir/root" "$RELEASE"
	echo "$RELEASE" >"$dir/release"
}

# Copies the modules, uncompressed, and writes `list`: the order to load them in.
add_modules() {
	local file name
	modprobe -a -d "$DIR.partial/root" -S "$RELEASE" --show-depends "${INITRD_MODULES[@]}" | sed -n 's/^insmod //p' |
		while read -r file _; do
			name=$(basename "${file%%.ko*}")
			grep -qsx "$name" "$1/list" && continue
			case $file in
			*.xz) xz -dc "$file" ;;
			*) cat "$file" ;;
			esac >"$1/$name.ko"
			echo "$name" >>"$1/list"
		done
	[ -s "$1/list" ] || die "the image $RELEASE holds none of: ${INITRD_MODULES[*]}"
}

make_initrd() {
	local dir=$DIR.partial/initrd.d
	rm -rf "$dir"
	mkdir -p "$dir"/{bin,proc,dev,root,modules}
	cp /bin/busybox "$dir/bin/" 2>/dev/null || cp /usr/bin/busybox "$dir/bin/"
	add_modules "$dir/modules"
	cat >"$dir/init" <<-'INIT'
		#!/bin/busybox sh
		/bin/busybox --install -s /bin
		export PATH=/bin
		mount -t proc proc /proc
		mount -t devtmpfs dev /dev
		for m in $(cat /modules/list); do insmod /modules/$m.ko; done
		mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose,ro root /root ||
			{ echo "no root file system"; poweroff -f; }
		umount /proc
		mount --move /dev /root/dev
		exec switch_root /root "$XTCPINIT"
	INIT
	chmod +x "$dir/init"
	(cd "$dir" && find . | cpio -o -H newc --quiet | gzip -9) >"$DIR.partial/initrd"
	rm -rf "$dir"
}

# Of Debian 13 there is one, as long as the cache lives.
version() { [ "$PLACE" = 7.3 ] || pkg_version "linux-headers-$RELEASE"; }

build() {
	[ -e "$DIR/initrd" ] && return
	rm -rf "$DIR.partial"
	mkdir -p "$DIR.partial"
	unpack
	arrange
	make_initrd
	mv "$DIR.partial" "$DIR"
}

PLACE=${1-}
case $PLACE in
6.12 | 6.1 | 7.3) ;;
*) die "usage: kernel-debian.sh 6.12|6.1|7.3" ;;
esac
deps vm
RELEASE=$(debian_release "$PLACE")
DIR=$CACHE/debian/$RELEASE-$({ version; declare -f make_initrd add_modules arrange unpack; pkg_version busybox-static; } | hash_of)
[ -e "$DIR/initrd" ] || locked "debian-$PLACE" build
echo "$DIR"
