#!/usr/bin/env bash
# Build xtcp.ko for one of the test places and print its path. The clone stays clean.
#
#   scripts/build.sh [--sparse] uml|uml-debug|uml-7.3|6.12|6.1|7.3      those of UML with the KUnit tests
#
# The sources are copied to a directory in the cache (one per place and path of a clone; objects stay there, so the next
# build is incremental, also that of another clone in the same path) and built with W=1. Any warning of the compiler or
# of modpost fails the build; with --sparse any of sparse as well, in a directory of its own.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

# What a kernel build leaves in the directory of a module: not to be copied there, not to be deleted there.
GENERATED=('*.o' '*.ko' '*.mod' '*.mod.c' '.*.cmd' '*.gcno' '*.symvers' 'modules.order' '.tmp*' 'xtcp.exports')

# What emulated processors load goes without what debuggers (and BTF) are made of: a tenth of the octets.
BARE=(KCFLAGS=-g0 CONFIG_DEBUG_INFO_BTF_MODULES=)

kernel() {
	local out
	case $PLACE in
	uml*)
		out=$("$ROOT/scripts/kernel-uml.sh" "$MODE")
		KERNEL=("$(readlink -f "$out/source")" O="$out" ARCH=um KUNIT=1)
		;;
	7.3)
		KERNEL=("/usr/src/linux-headers-$(debian_release 7.3)" "${BARE[@]}")
		;;
	*)
		deps vm
		KERNEL=("/usr/src/linux-headers-$(debian_release "$PLACE")" "${BARE[@]}")
		[ -e "${KERNEL[0]}/Makefile" ] || die "no ${KERNEL[0]}; run scripts/deps.sh vm"
		;;
	esac
}

# By what is in them: what differs gets the time of now, so make never takes an object of other text for its own.
copy_sources() {
	local sources=() name
	for name in module include kunit Kbuild; do
		[ -e "$ROOT/$name" ] && sources+=("$ROOT/$name")
	done
	mkdir -p "$DIR"
	rsync -rlp --delete --checksum "${GENERATED[@]/#/--exclude=}" "${sources[@]}" "$DIR/"
}

# The kernel build's own remark about a slightly different compiler is not about our code.
warnings() { grep -iE '(warning|error)[: ]' "$1" | grep -v 'warning: the compiler differs'; }

# After a warning the objects go, so that the next build warns again.
build() {
	local out=$DIR.log
	copy_sources
	if ! "${TIED[@]}" "${IN[@]}" make -C "${KERNEL[@]}" M="$DIR" W=1 "${SPARSE[@]}" -j"$(jobs)" modules >"$out" 2>&1 </dev/null; then
		grep -E -A6 '(error|warning|ERROR|WARNING|\*\*\*)[: ]' "$out" | head -n 40 >&2
		die "the build for $PLACE failed (all of its output: $out)"
	fi
	if warnings "$out" >/dev/null; then
		find "$DIR" -name '*.o' -delete
		grep -iE -A6 '(warning|error)[: ]' "$out" | grep -v '^  \(CC\|LD\|CHECK\)' >&2
		die "the build for $PLACE has warnings (all of its output: $out)"
	fi
}

SPARSE=() WITH='' IN=()
if [ "${1-}" = --sparse ]; then
	need sparse
	SPARSE=(C=1 CF=-D__CHECK_ENDIAN__)
	WITH=-sparse-$(pkg_version sparse)
	shift
fi
PLACE=${1-}
case $PLACE in
uml | 6.12 | 6.1 | 7.3) MODE=normal ;;
uml-*) MODE=${PLACE#uml-} ;;
*) die "usage: build.sh [--sparse] uml|uml-debug|uml-7.3|6.12|6.1|7.3" ;;
esac
[ -e "$ROOT/Kbuild" ] || die "no Kbuild in $ROOT"
deps build
kernel
DIR=$CACHE/build/$PLACE$WITH-$(echo "$ROOT" "${KERNEL[@]}" | hash_of)
[ "$PLACE" != 7.3 ] || IN=("$ROOT/scripts/debian13.sh" in headers "$DIR")
patiently "building xtcp.ko for $PLACE (a minute the first time)" locked "build-${DIR##*/}" build
echo "$DIR/xtcp.ko"
