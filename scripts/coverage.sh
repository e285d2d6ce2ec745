#!/usr/bin/env bash
# How much of the module the tests run through: gcov's figures as a table and as pages.
#
#   scripts/coverage.sh [kunit|all]
#
# kunit (default): the KUnit tests on the UML debug kernel. all: also the socket, functional and load tests there.
# Needs `GCOV_PROFILE := y` in Kbuild (used only by kernels with CONFIG_GCOV_KERNEL). Pages: see the last line.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

OUT=$CACHE/coverage
HTML=$OUT/html

# The kernel shows the counters of a loaded module; of an unloaded one only as long as it is not loaded again.
run_tests() {
	local command="cp -r /sys/kernel/debug/gcov \$XTCP_OUT/gcov" args=(--virtual --append kunit.enable=1)
	if [ "$WHAT" = all ]; then
		command="python3 scripts/test/unit.py; scripts/test/functional.sh small; $command"
		args=(--append kunit.enable=1)
	fi
	rm -rf "$OUT"
	mkdir -p "$OUT"
	XTCP_OUT=$OUT "$ROOT/scripts/run.sh" uml-debug "${args[@]}" --timeout 1200 bash -c "$command" >"$OUT/log" 2>&1 ||
		log "the tests failed ($OUT/log); the figures are of what ran"
	[ -d "$OUT/gcov" ] || die "no counters; does Kbuild say GCOV_PROFILE := y?"
}

# lcov wants counters, notes and sources side by side.
collect() {
	local build=${KO%/*}
	rsync -a --include='*/' --include='*.gcno' --include='*.[ch]' --exclude='*' "$build/" "$OUT/tree/"
	(cd "$OUT/gcov$build" && find . -name '*.gcda' -exec cp --parents --no-preserve=mode {} "$OUT/tree/" \;)
	lcov --quiet --capture --directory "$OUT/tree" --base-directory "$build" --rc lcov_branch_coverage=1 \
		--output-file "$OUT/all.info" 2>>"$OUT/log"
	lcov --quiet --rc lcov_branch_coverage=1 --extract "$OUT/all.info" '*/module/*' --output-file "$OUT/module.info" 2>>"$OUT/log"
	sed -i "s|^SF:$build/|SF:$ROOT/|; s|^SF:$OUT/tree/|SF:$ROOT/|" "$OUT/module.info"
}

WHAT=${1:-kunit}
deps coverage
KO=$("$ROOT/scripts/build.sh" uml-debug)
run_tests
collect
genhtml --quiet --branch-coverage --prefix "$ROOT" --output-directory "$HTML" "$OUT/module.info" 2>>"$OUT/log"
lcov --rc lcov_branch_coverage=1 --list "$OUT/module.info" 2>/dev/null
log "pages: $HTML/index.html"
