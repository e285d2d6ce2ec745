#!/usr/bin/env bash
# Would the tests see a fault? Each patch of kunit/mutants/ puts one into a copy of the module; then the tests run.
#
#   scripts/mutants.sh [NAME]...      names of patches, with * for any text; default: all
#
# A patch begins with a sentence: what is wrong with it. It may say `Harmless: WHY` where nothing can see it, or `Tests:
# test_x ...`: which of the Python tests see most of what it is about (default: those of its folder, TESTS below).
#
# KUnit runs first, then these Python tests, both in User-Mode Linux in virtual time; one patch a processor at a time.
# What was found out is kept in the cache for as long as the patch, the module and the tests stay as they are: a run that
# was stopped goes on where it was. In the end a table by folder. Exit status 1: fewer than nine of ten were found, or a
# patch is of no use (it does not apply, does not compile).
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

declare -A TESTS=(
	[engine]="test_data test_close test_poll test_options test_urgent test_oracle"
	[open]="test_connect test_listen test_cookies test_fastopen test_oracle"
	[close]="test_close test_abort test_own_knobs test_bind"
	[socket]="test_socket test_data test_close test_poll test_options test_info test_urgent test_bind"
	[table]="test_bind test_listen test_many test_wire test_ipv6"
	[wire]="test_ipv6 test_wire test_icmp test_connect test_cgroup"
	[admin]="test_admin test_abort test_info test_own_knobs test_trace"
)
COPIES=$CACHE/mutants/copy-$(echo "$ROOT" | hash_of)
KNOWN=$CACHE/mutants/known

# A test that waits for what the fault holds back for ever is one that found it.
LIMIT=${XTCP_MUTANT_TIMEOUT:-600}

# How many at a time, each in a copy of its own.
JOBS=${XTCP_MUTANT_JOBS:-$(nproc)}

patches() {
	local name
	for name; do
		compgen -G "$ROOT/kunit/mutants/$name.patch" || die "no kunit/mutants/$name.patch"
	done
}

of_patch() { sed -n "/^--- /q; s/^$2: *//p" "$1"; }
folder() { sed -n 's|^+++ b/\(module/\)\?\([^/]*\)/.*|\2|p' "$1" | head -n 1; }

# What a verdict hangs on.
tree() { (cd "$ROOT" && find Kbuild module include kunit scripts/test -name mutants -prune -o -type f -print0 | sort -z | xargs -0 sha256sum); }

# What had the fault before is newer now than its object, or that would be kept.
fresh_copy() {
	mkdir -p "$COPY"
	rsync -rlp --delete --checksum --exclude=.git --exclude='*.o' --exclude=__pycache__ "$ROOT/" "$COPY/"
}

fails() {
	local log=$1
	shift
	! XTCP_KUNIT_TIMEOUT=$LIMIT "${TIED[@]}" "$@" >"$log" 2>&1 </dev/null
}

# judge PATCH: applies | builds (what it does not), kunit or python (what found it), survived
judge() {
	local patch=$1 log=$CACHE/mutants/log/${1##*/} tests
	fresh_copy
	(cd "$COPY" && patch -s -p1 --no-backup-if-mismatch) <"$patch" >"$log" 2>&1 || { echo applies; return; }
	"$COPY/scripts/build.sh" uml >"$log" 2>&1 || { echo builds; return; }
	if fails "$log" "$COPY/scripts/kunit.sh" normal "" fuzz_segments=100000; then
		echo kunit
		return
	fi
	tests=$(of_patch "$patch" Tests)
	# shellcheck disable=SC2086
	if fails "$log" "$COPY/scripts/run.sh" uml --virtual --timeout "$LIMIT" scripts/test/unit.py ${tests:-${TESTS[$(folder "$patch")]:-}}; then
		echo python
		return
	fi
	echo survived
}

verdict() {
	local patch=$1 key known
	key=$({ echo "$TREE"; cat "$patch"; } | hash_of)
	known=$(sed -n "s/^$key //p" "$KNOWN" | tail -n 1)
	if [ -z "$known" ]; then
		known=$(judge "$patch")
		echo "$key $known" >>"$KNOWN"
	fi
	echo "$known"
}

# Every JOBS-th patch from the Nth on.
work() {
	local i patch what name harmless
	COPY=$COPIES-$1
	for ((i = $1; i < ${#PATCHES[@]}; i += JOBS)); do
		patch=${PATCHES[i]}
		what=$(verdict "$patch")
		name=${patch##*/}
		harmless=$(of_patch "$patch" Harmless)
		printf '%-9s %s: %s\n' "$what" "${name%.patch}" "$(head -n 1 "$patch")"
		case $what in
		applies | builds) echo "          does not do that: $CACHE/mutants/log/$name" ;;
		survived) [ -z "$harmless" ] || what=harmless ;;
		esac
		[ "$what" != harmless ] || echo "          harmless: $harmless"
		echo "$(folder "$patch") $what" >>"$RESULTS"
	done
}

# The table: of each folder how many there are, and what became of them. Harmless ones are told, not counted.
table() {
	awk '{
			if ($2 == "harmless") { harmless++; next }
			all[$1]++; all["total"]++; n[$1, $2]++; n["total", $2]++
		}
		function row(name) {
			return sprintf("%-8s %4d faults: KUnit found %d, the Python tests %d more, nothing %d", name, all[name],
				n[name, "kunit"], n[name, "python"], n[name, "survived"])
		}
		END {
			for (name in all)
				if (name != "total")
					print row(name) | "sort"
			close("sort")
			print row("total")
			if (harmless) print harmless " more that do no harm"
			exit n["total", "applies"] || n["total", "builds"] || 10 * n["total", "survived"] > all["total"]
		}' "$RESULTS"
}

deps build uml functional
[ $# -gt 0 ] || set -- '*'
mapfile -t PATCHES < <(patches "$@")
mkdir -p "$CACHE/mutants/log" "$CACHE/tmp"
touch "$KNOWN"
RESULTS=$(mktemp "$CACHE/tmp/mutants.XXXXXX")
WORKERS=()
trap 'kill "${WORKERS[@]}" 2>/dev/null; rm -f "$RESULTS"' EXIT
TREE=$(tree | hash_of)
for ((n = 0; n < JOBS; n++)); do
	work "$n" &
	WORKERS+=($!)
done
for worker in "${WORKERS[@]}"; do
	wait "$worker"
done
table
