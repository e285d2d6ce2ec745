#!/usr/bin/env bash
# Where the instructions of a figure of scripts/bench.sh go, by function, xtcp's beside those of the kernel's TCP.
#
#   scripts/profile.sh [--smoke] FIGURE
#
# The machine is stopped some hundred times a second and asked where it is, and works until that was often enough: what has
# a hundredth of all is seen well, what has a thousandth is not. --smoke: a few times only, to see that it runs.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

enough=2000 quick=0
[ "${1-}" != --smoke ] || { enough=10; quick=1; shift; }
[ $# = 1 ] || die "usage: profile.sh [--smoke] FIGURE"
deps build vm bench
kind=$(python3 "$ROOT/scripts/bench/bench.py" --kinds "$1")
[[ $kind = cost || $kind = crowd ]] || die "$1 is not about instructions"
dir=$CACHE/bench/profile-$(echo "$ROOT" | hash_of)
[ $quick = 0 ] || dir+=-smoke
rm -rf "$dir"
mkdir -p "$dir"
cc -O2 -Wall -Wextra -Werror -o "$dir/bench" "$ROOT/scripts/bench/bench.c"
# As scripts/bench.sh has it.
XTCP_OUT=$dir XTCP_BENCH_SAMPLED=1 XTCP_BENCH_QUICK=$quick "${TIED[@]}" "$ROOT/scripts/run.sh" 6.12 --virtual \
	--append "clearcpuid=erms,fsrm" --gdb "$dir/gdb" --timeout 14400 \
	unshare -n python3 "$ROOT/scripts/bench/bench.py" "$dir/bench" "$kind" "$1" &
runner=$!
"${TIED[@]}" python3 "$ROOT/scripts/bench/sample.py" "$dir/gdb" "$dir" "$1" $enough "$runner"
wait "$runner"
