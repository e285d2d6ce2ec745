#!/usr/bin/env bash
# How much of the module all tests together run through: a table by folder, the total at its end, and pages.
#
#   scripts/coverage.sh [MINIMUM] [TIER]...
#
# Exit status 1 if less than MINIMUM percent of the lines ran (default 0). Tiers, each in User-Mode Linux with the debug
# kernel, which has gcov (Kbuild says `GCOV_PROFILE := y`; other kernels ignore that); default: all of them.
#   kunit        the KUnit tests, in virtual time
#   sockets, cpus, programs, command, lifecycle   those of test/place.sh; all but cpus in virtual time
# A failed test is told, and its lines count all the same.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

OUT=$CACHE/coverage
HTML=$OUT/html
TIERS=(kunit sockets cpus programs command lifecycle)
LCOV=(lcov --quiet --rc lcov_branch_coverage=1)

command_of() {
	case $1 in
	kunit) echo true ;;
	sockets | cpus | programs | command | lifecycle) echo "scripts/test/place.sh $1" ;;
	*) die "no tier '$1'; tiers are: ${TIERS[*]}" ;;
	esac
}

# The kernel adds up what a module counted each time it was loaded, and shows it while one is (gcov_persist).
run_tier() {
	local tier=$1 args=(--timeout 5400)
	[ "$tier" = cpus ] || args+=(--virtual)
	[ "$tier" != kunit ] || args+=(--append kunit.enable=1)
	mkdir -p "$OUT/$tier"
	log "$tier"
	XTCP_OUT=$OUT/$tier "$ROOT/scripts/run.sh" uml-debug "${args[@]}" bash -c "
		status=0
		{ $(command_of "$tier"); } || status=1
		cp -r /sys/kernel/debug/gcov $OUT/$tier/gcov
		exit \$status" >"$OUT/$tier.log" 2>&1 || log "$tier: not all is well ($OUT/$tier.log); the figures are of what ran"
	[ -d "$OUT/$tier/gcov" ] || die "$tier: no counters; see $OUT/$tier.log"
}

# lcov wants counters, notes and sources side by side.
collect() {
	local tier=$1 build=${KO%/*} tree=$OUT/$1/tree
	rsync -a --include='*/' --include='*.gcno' --include='*.[ch]' --exclude='*' "$build/" "$tree/"
	(cd "$OUT/$tier/gcov$build" && find . -name '*.gcda' -exec cp --parents --no-preserve=mode {} "$tree/" \;)
	"${LCOV[@]}" --capture --directory "$tree" --base-directory "$build" --output-file "$OUT/$tier/all.info" 2>>"$OUT/$tier.log"
	"${LCOV[@]}" --extract "$OUT/$tier/all.info" '*/module/*' --output-file "$OUT/$tier.info" 2>>"$OUT/$tier.log"
	sed -i "s|^SF:$build/|SF:$ROOT/|; s|^SF:$tree/|SF:$ROOT/|" "$OUT/$tier.info"
}

merge() {
	local tier args=()
	for tier; do
		args+=(--add-tracefile "$OUT/$tier.info")
	done
	"${LCOV[@]}" "${args[@]}" --output-file "$OUT/module.info"
	genhtml --quiet --branch-coverage --prefix "$ROOT" --output-directory "$HTML" "$OUT/module.info" >"$OUT/genhtml.log" 2>&1
}

# Lines and functions by folder; the last line is the total. Fails below $1 percent of lines.
table() {
	awk -v root="$ROOT/" -v minimum="$1" -F '[:,]' '
	function row(name, lines, hit, functions, called) {
		return sprintf("%-20s %6d of %6d lines %6.1f %%   %4d of %4d functions", name, hit, lines,
			lines ? 100 * hit / lines : 100, called, functions)
	}
	/^SF:/ {
		folder = substr($0, 4)
		sub(root, "", folder)
		sub("/[^/]*$", "", folder)
		seen[folder] = 1
	}
	/^LF:/ { lf[folder] += $2; all_lf += $2 }
	/^LH:/ { lh[folder] += $2; all_lh += $2 }
	/^FNF:/ { ff[folder] += $2; all_ff += $2 }
	/^FNH:/ { fh[folder] += $2; all_fh += $2 }
	END {
		for (folder in seen)
			print row(folder, lf[folder], lh[folder], ff[folder], fh[folder]) | "sort"
		close("sort")
		print row("total", all_lf, all_lh, all_ff, all_fh)
		exit 100 * all_lh < minimum * all_lf
	}' "$OUT/module.info"
}

MINIMUM=0
if [[ ${1-} =~ ^[0-9]+$ ]]; then
	MINIMUM=$1
	shift
fi
[ $# -gt 0 ] || set -- "${TIERS[@]}"
for tier; do command_of "$tier" >/dev/null; done
deps coverage functional
KO=$("$ROOT/scripts/build.sh" uml-debug)
rm -rf "$OUT"
mkdir -p "$OUT"
for tier; do
	run_tier "$tier"
	collect "$tier"
done
merge "$@"
table "$MINIMUM" || { log "less than $MINIMUM % of the lines ran; pages: $HTML/index.html"; exit 1; }
log "pages: $HTML/index.html"
