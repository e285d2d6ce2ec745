#!/usr/bin/env bash
# Where the instructions of a figure of scripts/bench.sh go, by function, xtcp's beside those of the kernel's TCP.
#
#   scripts/profile.sh FIGURE
#
# XTCP_BENCH_QUICK=1: a few rounds only. The machine is stopped some hundred times a second and asked where it is: what has a hundredth of all is seen well,
# what has a thousandth is not.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

[ $# = 1 ] || die "usage: profile.sh FIGURE"
deps build vm bench
dir=$CACHE/bench/profile-$(echo "$ROOT" | hash_of)
rm -rf "$dir"
mkdir -p "$dir"
cc -O2 -Wall -Wextra -Werror -o "$dir/bench" "$ROOT/scripts/bench/bench.c"
XTCP_OUT=$dir XTCP_BENCH_SAMPLED=1 "${TIED[@]}" "$ROOT/scripts/run.sh" 6.12 --virtual --gdb "$dir/gdb" --timeout 7200 \
	python3 "$ROOT/scripts/bench/bench.py" "$dir/bench" cost "$1" &
"${TIED[@]}" python3 "$ROOT/scripts/bench/sample.py" "$dir/gdb" "$dir" "$1"
wait $!
