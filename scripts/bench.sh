#!/usr/bin/env bash
# What xtcp makes of what programs ask, beside the kernel's own TCP in the same boot: work in counted instructions, on a stock
# Debian 6.12 in QEMU, and goodput of bad links in User-Mode Linux. A figure a line, then a table and a picture.
#
#   scripts/bench.sh [--smoke] [FIGURE]...       default: all but two-cpus
#
# A nanosecond is an instruction; what is not 1 % the same in two runs says so. Twenty minutes for all, on any machine the
# same figures. The directory it names at the end keeps bench.md (the table, to be pasted), bench.svg and the figures as JSON.
# --smoke: a few rounds of each, all in User-Mode Linux, to see that they run; its figures say nothing.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

# Without what makes a processor copy and clear by `rep movsb` and `rep stosb`: there an octet is an instruction, and a page
# cleared as dear as a whole segment sent; by words of eight octets it is nearer to what a processor takes.
COUNTED=(--virtual --append "clearcpuid=erms,fsrm")

smoke=0
[ "${1-}" != --smoke ] || { smoke=1; shift; }
deps build vm bench
NAMES=("$@")
kinds=$(python3 "$ROOT/scripts/bench/bench.py" --kinds "${NAMES[@]}")
dir=$CACHE/bench/$(echo "$ROOT" | hash_of)
[ $smoke = 0 ] || { dir+=-smoke; kinds=all; }
rm -rf "$dir"
mkdir -p "$dir"
cc -O2 -Wall -Wextra -Werror -o "$dir/bench" "$ROOT/scripts/bench/bench.c"

# once KIND RUN-OPTION...: cost, crowd, time, two or all, where run.sh says; in a namespace without the hooks of guest.sh
once() {
	local kind=$1
	shift
	mkdir -p "$dir/$kind"
	XTCP_OUT=$dir/$kind XTCP_BENCH_QUICK=$smoke "$ROOT/scripts/run.sh" "$@" --timeout 14400 \
		unshare -n python3 "$ROOT/scripts/bench/bench.py" "$dir/bench" "$kind" "${NAMES[@]}"
}

# As in test.sh: flags of the processor that do not exist. Work of minutes meets that now and then.
emulator_erred() {
	grep -qsE 'EFLAGS: (0[1-9a-f]|[1-9a-f].|00[4-9a-f])[0-9a-f]{5}|(Oops:|\]) int3: 0000' "$dir/$1/.run/console"
}

figures() {
	local tries
	for tries in 1 2 3; do
		if once "$@"; then return; fi
		emulator_erred "$1" || return 1
		log "QEMU, not the kernel, did wrong ($tries); once more"
	done
	return 1
}

for kind in $kinds; do
	case $kind in
	cost | crowd) figures "$kind" 6.12 "${COUNTED[@]}" ;;
	two) figures "$kind" 6.12 ;;
	*) figures "$kind" uml --virtual ;;
	esac
done
python3 "$ROOT/scripts/bench/picture.py" "$dir" "${NAMES[@]}"
