#!/usr/bin/env bash
# Packages of Debian 13 and its backports, where the newest kernels are: unpacked into a directory of the cache, not
# installed. Its programs want a newer libc than Debian 12 has, so they run with that directory for a root.
#
#   scripts/debian13.sh headers|source|image         prints the directory (made by the first call: half a minute)
#   scripts/debian13.sh in headers DIR COMMAND...    runs COMMAND in it, as root; DIR is there what it is here
#
# headers: gcc, make and the kernel's headers; source: the kernel's source; image: the kernel and its modules. Linux 7.3,
# or what is newest where the archive has no 7.3 any more.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

NEWEST=7.3
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
COMPILER=base-files,dash,bash,coreutils,sed,grep,gawk,findutils,make,gcc,libc6-dev,perl-base

# packages KIND: those of Linux $NEWEST as patterns of apt's, then those of whatever is newest
packages() {
	local version="${NEWEST//./\\.}\.[^-]*-amd64\$" backports=/trixie-backports
	case $1 in
	headers)
		echo "$COMPILER,?name(^linux-headers-$version)"
		echo "$COMPILER,linux-headers-amd64$backports"
		;;
	source)
		echo "linux-source-$NEWEST"
		echo "linux-source$backports"
		;;
	image)
		echo "?name(^linux-binary-$version),?name(^linux-modules-$version)"
		echo "linux-image-amd64$backports"
		;;
	*) die "usage: debian13.sh headers|source|image" ;;
	esac
}

# Where this machine's apt has Debian from, is Debian 13 as well.
mirror() {
	# shellcheck disable=SC2016 # apt's own
	apt-get indextargets --no-release-info --format '$(RELEASE) $(COMPONENT) $(SITE)' |
		awk '$1 == "bookworm" && $2 == "main" && $3 ~ /\/debian\/?$/ && !seen++ { print $3 }' | grep . ||
		die "no Debian 12 among apt's sources"
}

unpack() {
	rm -rf "$DIR.partial"
	mmdebstrap --quiet --mode=chrootless --variant=extract --keyring=$KEYRING --include="$1" trixie "$DIR.partial" \
		"$2" "deb $2 trixie-backports main"
}

make_root() {
	local site want done=
	[ ! -d "$DIR" ] || return 0
	site=$(mirror)
	mkdir -p "$CACHE/log" "${DIR%/*}"
	log "fetching packages of Debian 13: $KIND"
	for want in $(packages "$KIND"); do
		unpack "$want" "$site" >>"$CACHE/log/debian13-$KIND.log" 2>&1 </dev/null && done=y && break
	done
	[ -n "$done" ] || die "mmdebstrap cannot: see $CACHE/log/debian13-$KIND.log"
	[ "$KIND" != headers ] || ln -s gawk "$DIR.partial/usr/bin/awk" # what the package would do when installed
	mv "$DIR.partial" "$DIR"
}

# inside DIR COMMAND...: on a copy of DIR, which comes back. Nothing is mounted, for not everyone who is root may; the
# kernel's objtool looks into /proc/self/maps for its stack.
inside() {
	local dir=$1 status=0
	mkdir -p "$DIR$dir" "$DIR/proc/self"
	cat /proc/self/maps >"$DIR/proc/self/maps"
	rsync -a --delete "$dir/" "$DIR$dir/"
	"${TIED[@]}" chroot "$DIR" "${@:2}" || status=$?
	rsync -a --delete "$DIR$dir/" "$dir/"
	return "$status"
}

[ "$(id -u)" = 0 ] || die "this needs root: packages are unpacked, and programs run with their directory for a root"
deps debian13
IN=
[ "${1-}" != in ] || { IN=y; shift; }
KIND=${1-}
packages "$KIND" >/dev/null
DIR=$CACHE/debian13/$KIND-$(packages "$KIND" | hash_of)
[ -d "$DIR" ] || locked "debian13-$KIND" make_root
if [ -n "$IN" ]; then
	inside "${@:2}"
else
	echo "$DIR"
fi
