#!/usr/bin/env bash
# The laboratory: each question about TCP answered by running it. See scripts/lab/lab.py for how an experiment is written.
#
#   scripts/lab.sh [--smoke] [[SIDE.]KNOB=VALUE]... [EXPERIMENT]...       default: all
#
# Runs experiments of scripts/lab/experiments in User-Mode Linux, in virtual time, over xtcp and over the kernel's TCP. A knob
# set here holds at both sides, or at that of `client.` or `server.`; what must happen is computed from the knobs. Of named ones
# the ladders are shown, of all the answers. Captures must be decoded by tshark, with right checksums. What each leaves
# (result.json, ladder.svg, client.pcap, server.pcap, plot.svg) is in $XTCP_OUT, or a directory of the cache, and all of it in
# one page for a browser, report.html, which the last line names; with all experiments, what the prover found is in it, too.
# The page is looked at by a browser without a screen where chromium is installed (scripts/deps.sh report).
# The exit status is 0 only if every answer was right. --smoke: some that take seconds, and the page's test is tested.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

LAB=$ROOT/scripts/lab
SMOKE=(normal-open synack-lost last-ack-lost loss-fast-retransmit)

all_names() { find "$LAB/experiments" -name '[a-z]*.py' -printf '%f\n' | sed 's/\.py$//; s/_/-/g' | sort; }

options() {
	local word file
	for word; do
		case $word in
		--smoke) NAMES+=("${SMOKE[@]}") JUDGED=--judged ;;
		-*) sed -n '2,/^set/ s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
		*=*) SETTINGS+=("$word") ;;
		*)
			file=$LAB/experiments/${word//-/_}.py
			[ -e "$file" ] || die "no experiment '$word'; there are: $(all_names | paste -sd ' ')"
			NAMES+=("$word")
			LADDERS=--ladders
			;;
		esac
	done
	[ ${#NAMES[@]} -gt 0 ] || { mapfile -t NAMES < <(all_names); ALL=1; }
}

# boot NUMBER EXPERIMENT...
boot() {
	local out=$OUT/boot$1
	shift
	[ $# -gt 0 ] || return 0
	mkdir -p "$out"
	XTCP_OUT=$out "${TIED[@]}" "$ROOT/scripts/run.sh" uml --virtual --insmod-args experiments=1 \
		"$LAB/run.py" "${SETTINGS[@]}" "$@" >"$out/said" 2>&1 && return 0
	# A wrong answer is told with its ladder; all else here.
	grep -vE '^(ok|not ok) - ' "$out/said" >&2 || true
	return 1
}

# Every other one to each of two boots: there are two processors at least.
boots() {
	local i first=() second=() pid status=0
	for i in "${!NAMES[@]}"; do
		if ((i % 2)); then second+=("${NAMES[i]}"); else first+=("${NAMES[i]}"); fi
	done
	boot 1 "${first[@]}" &
	pid=$!
	boot 2 "${second[@]}" || status=1
	wait $pid || status=1
	return $status
}

captures_are_right() {
	local boot
	# Where no experiment of a boot ran over the kernel's TCP, that capture has a header (24 octets) and nothing else.
	find "$OUT"/boot* -name kernel-sent.pcap -size -25c -delete
	for boot in "$OUT"/boot*; do
		"$ROOT/scripts/test/captures.sh" "$boot" >"$boot/judged" || { cat "$boot/judged" >&2; return 1; }
	done
}

collect() {
	local name
	for name in "${NAMES[@]}"; do
		rm -rf "${OUT:?}/$name"
		mv "$OUT"/boot*/"$name" "$OUT/" 2>/dev/null || true
	done
}

# The lessons of the prover that answer questions.
prove() {
	local lessons
	[ -n "$ALL" ] && [ -x "$ROOT/scripts/prove.sh" ] || return 0
	mapfile -t lessons < <(python3 "$LAB/questions.py")
	"$ROOT/scripts/prove.sh" --json "$OUT/proved.json" "${lessons[@]}" >"$OUT/proved" 2>&1 || { cat "$OUT/proved" >&2; return 1; }
}

report() {
	"$LAB/report.py" "$OUT" "$OUT/proved.json" "${NAMES[@]}"
	if command -v chromium >/dev/null; then
		# shellcheck disable=SC2086
		"$ROOT/scripts/test/report_drawn.py" $JUDGED "$OUT/report.html"
	fi
}

NAMES=() SETTINGS=() LADDERS='' ALL='' JUDGED=''
options "$@"
OUT=${XTCP_OUT:-$CACHE/lab/$(echo "$ROOT" | hash_of)}
deps build uml functional
rm -rf "$OUT"/boot* "$OUT"/proved*
mkdir -p "$OUT"
# Once, not by both boots at the same time
patiently "building the module" "$ROOT/scripts/build.sh" uml >/dev/null
"$ROOT/scripts/kernel-uml.sh" normal >/dev/null
status=0
boots || status=1
prove || status=1
captures_are_right || status=1
collect
"$LAB/show.py" $LADDERS "$OUT" "${NAMES[@]}" || status=1
report || status=1
log "report: $OUT/report.html"
exit $status
