#!/usr/bin/env bash
# What xtcp makes of what programs ask, beside the kernel's own TCP in the same boot: work in counted instructions, on a stock
# Debian 6.12 in QEMU, and goodput of bad links in User-Mode Linux. A figure a line, then a table and a picture.
#
#   scripts/bench.sh [--smoke] [FIGURE]...       default: all
#
# A nanosecond is an instruction; what is not 1 % the same in two runs says so. Some ten minutes for all, on any machine
# the same figures. --smoke: a few rounds of each, all in User-Mode Linux, to see that they run; its figures say nothing.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

smoke=0
[ "${1-}" != --smoke ] || { smoke=1; shift; }
deps build vm bench
dir=$CACHE/bench/$(echo "$ROOT" | hash_of)
mkdir -p "$dir"
cc -O2 -Wall -Wextra -Werror -o "$dir/bench" "$ROOT/scripts/bench/bench.c"

# figures KIND RUN-OPTION...: cost or time, where run.sh says
figures() {
	local kind=$1
	shift
	mkdir -p "$dir/$kind"
	XTCP_OUT=$dir/$kind XTCP_BENCH_QUICK=$smoke "$ROOT/scripts/run.sh" "$@" --timeout 7200 \
		python3 "$ROOT/scripts/bench/bench.py" "$dir/bench" "$kind" "${NAMES[@]}"
}

NAMES=("$@")
if [ $smoke = 1 ]; then figures cost uml; else figures cost 6.12 --virtual; fi
figures time uml --virtual
python3 "$ROOT/scripts/bench/picture.py" "$dir/bench.svg" "$dir"/{cost,time}/bench.json
