#!/usr/bin/env bash
# What can be said about the sources without running them. Any finding fails.
#
#   scripts/check.sh [--without CHECK] [CHECK]...      default: all of them
#
#   checkpatch   the kernel's checkpatch.pl --strict on module/, include/ and kunit/
#   order        who calls whom: each file its own floor of the README's picture and those below
#   faults       the patches of kunit/mutants apply
#   warnings     the module compiled with W=1 for every kernel, not one warning of compiler or modpost
#   exports      make names what a kernel does not export
#   sparse       address spaces, byte order and locks, of the module with its KUnit tests
#   coccinelle   the kernel's semantic patches (its scripts/coccinelle), as far as Debian's spatch can run them
#   shell        the shell scripts, by shellcheck
#   python       the Python scripts, by pylint: errors, warnings and long lines
#
# What was found clean is not looked at again while it, the tool and its rules stay as they were.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

ALL=(checkpatch order faults warnings exports sparse coccinelle shell python)

# The kernel's source, for its scripts.
kernel_source() { echo "$("$ROOT/scripts/kernel-uml.sh" normal)/source"; }

scripts_in() { grep -rlE --exclude-dir=__pycache__ "^#!.*\b$1\b" scripts .ci; }

# Of each check: the files it judges one by one, and what else its verdict hangs on.

checkpatch_files() { find module include kunit scripts -name '*.[ch]'; }
checkpatch_rules() { pkg_version linux-source-6.12; declare -f not_for; }
checkpatch() {
	local checkpatch status=0 file
	checkpatch=$(kernel_source)/scripts/checkpatch.pl
	for file; do
		perl "$checkpatch" --no-tree --strict --terse --show-types --no-summary --max-line-length=120 \
			--ignore "$(not_for "$file")" --file "$file" && found_clean "$file" || status=1
	done
	return "$status"
}

# What does not hold here: of a patch, not of a file; macros that are tables; and what checkpatch.pl misreads in a file.
not_for() {
	echo -n FILE_PATH_CHANGES,EMBEDDED_FILENAME,MACRO_ARG_UNUSED,MACRO_ARG_REUSE
	case $1 in
	include/xtcp/compat.h) echo ,LINUX_VERSION_CODE,CONSTANT_COMPARISON,NEW_TYPEDEFS ;;
	include/xtcp/socket.h) echo ,FUNCTION_ARGUMENTS ;; # a macro holds them
	include/xtcp/trace.h) echo ,PARENTHESIS_ALIGNMENT,OPEN_ENDED_LINE,TRAILING_SEMICOLON ;; # as in include/trace
	include/xtcp/counters.h | include/xtcp/trace_fields.h) echo ,COMPLEX_MACRO ;;
	kunit/wire_ip.h) echo ,SPACING ;; # pointers to functions
	kunit/*) echo ,PARENTHESIS_ALIGNMENT ;; # lists of cases
	module/base/counters.c) echo ,BRACKET_SPACE ;;
	module/socket/proto6.c) echo ,CONST_STRUCT ;; # written at load
	module/table/flow.c) echo ,UNCOMMENTED_DEFINITION ;; # a local pointer to a lock
	scripts/prove/fuzz_*.c) echo ,CAMELCASE ;; # what libFuzzer calls
	module/wire/ipv4.c) echo ,USE_NEGATIVE_ERRNO ;; # sk_err is positive
	esac
}

order() { "$ROOT/scripts/order.py"; }

# A fault that fits nowhere any more says nothing about the tests.
faults() {
	local patch status=0
	for patch in kunit/mutants/*.patch; do
		patch -p1 --dry-run --force --silent <"$patch" || { echo "$patch"; status=1; }
	done
	return "$status"
}

# Nothing is built that is built already: build.sh knows.
warnings() {
	local place status=0
	for place in uml 6.12 6.1 7.3; do
		"$ROOT/scripts/build.sh" "$place" >/dev/null || status=1
	done
	return "$status"
}

# One of what xtcp needs taken from a list of exports: make stops with that name.
exports() {
	local gone=ip_local_out release said
	release=$(debian_release 6.12)
	grep -v "	$gone	" "/usr/src/linux-headers-$release/Module.symvers" >"$WORK/symvers"
	"$ROOT/scripts/build.sh" 6.12 >/dev/null
	said=$(! XTCP_EXPORTS=$WORK/symvers "$ROOT/scripts/build.sh" 6.12 2>&1) || return 1
	"$ROOT/scripts/build.sh" 6.12 >/dev/null
	grep "this kernel does not export what xtcp needs: $gone\$" <<<"$said" || { echo "$said"; return 1; }
}

# One file more, or less, can be seen in any other.
sparse_files() { find module include kunit -name '*.[ch]'; }
sparse_rules() { pkg_version linux-source-6.12; pkg_version sparse; sparse_files | sort | xargs cat; }
sparse() { "$ROOT/scripts/build.sh" --sparse uml >/dev/null; }

# Those that are programs in OCaml need its compiler. A finding is a line that begins with a file's name.
coccinelle_files() { find module include kunit -name '*.[ch]'; }
coccinelle_rules() { pkg_version linux-source-6.12; pkg_version coccinelle; }
coccinelle() {
	local source found
	source=$(kernel_source)
	cp --parents "$@" "$WORK"
	cd "$WORK"
	# atomic_as_refcounter takes whatever is called at zero for a free.
	# shellcheck disable=SC2016
	found=$(grep -rLZ --include='*.cocci' --exclude=atomic_as_refcounter.cocci 'ocaml:' "$source/scripts/coccinelle" |
		xargs -0 -P "$(jobs)" -n 1 bash -c '
			options=$(sed -n "s|^// *Options: *||p" "$1")
			spatch --very-quiet --no-show-diff -D report --cocci-file "$1" $options --dir . 2>&1 |
				sed -n "/^[^ ]*\.[ch]:/ { s|^\./||; s|\$| [${1##*/}]|; p }"' spatch)
	[ -z "$found" ] || { echo "$found"; return 1; }
}

shell_files() { scripts_in bash; find scripts -name 'lib.sh' -o -name tap.sh; }
shell_rules() { pkg_version shellcheck; cat scripts/lib.sh scripts/test/tap.sh; }
# Not for us: A && B || C, which is meant as it stands; functions that are called by a name in a variable.
shell() {
	shellcheck --external-sources --source-path SCRIPTDIR --exclude SC2015,SC2317 --format gcc "$@"
}

python_files() { find scripts -name '*.py'; }
python_rules() { pkg_version pylint; python_files | sort | xargs cat; }
# Not for us: what pylint guesses of types, os._exit(), attributes that setUp() and startTest() make.
python() {
	PYTHONPATH=scripts/test PYLINTHOME=$CACHE/check/pylint pylint --rcfile=/dev/null -j "$(jobs)" --score=n \
		--msg-template='{path}:{line}: {msg} [{symbol}]' --max-line-length=120 --disable=all --enable=E,W,line-too-long \
		--disable=no-member,unbalanced-tuple-unpacking,protected-access,attribute-defined-outside-init,arguments-renamed "$@"
}

# Those of the files that were not found clean before, by the same rules.
new_files() {
	"${1}_files" | sort -u | tr '\n' '\0' | xargs -0 sha256sum | grep -vxFf "$KNOWN" || true
}

# found_clean FILE: of those in `new`; a check that takes long says it of each
found_clean() { grep " $1\$" <<<"$new" >>"$KNOWN"; }

# check NAME
check() {
	local name=$1 start=$SECONDS new='' files=() log=$CACHE/log/check-$1.log
	if declare -F "${name}_files" >/dev/null; then
		KNOWN=$CACHE/check/$name-$({ declare -f "$name"; "${name}_rules"; } | hash_of)
		touch "$KNOWN"
		new=$(new_files "$name")
		[ -n "$new" ] || { echo "$name: clean (nothing new)"; return; }
		mapfile -t files < <(cut -c67- <<<"$new")
	fi
	log "$name${new:+: ${#files[@]} files that are new to it}"
	if ! ("$name" "${files[@]}") >"$log" 2>&1 </dev/null; then
		echo "$name: not clean"
		sed 's/^/    /' "$log"
		return 1
	fi
	[ -z "$new" ] || echo "$new" >>"$KNOWN"
	echo "$name: clean ($((SECONDS - start)) s)"
}

if [ "${1-}" = --without ]; then
	mapfile -t ALL < <(printf '%s\n' "${ALL[@]}" | grep -vx "$2")
	shift 2
fi
[ $# -gt 0 ] || set -- "${ALL[@]}"
for name; do
	[[ " ${ALL[*]} " == *" $name "* ]] || die "no check '$name'; there are: ${ALL[*]}"
done
deps build uml vm check
mkdir -p "$CACHE/check" "$CACHE/log" "$CACHE/tmp"
WORK=$(mktemp -d "$CACHE/tmp/check.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
cd "$ROOT"
status=0
for name; do
	check "$name" || status=1
done
exit $status
