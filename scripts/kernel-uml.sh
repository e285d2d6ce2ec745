#!/usr/bin/env bash
# Build (or find in the cache) the User-Mode Linux kernel and print its output directory.
#
#   scripts/kernel-uml.sh normal|debug|7.3
#
# The directory holds `linux` (the kernel) and serves as O= for modules; its `source` link is the kernel source.
# Source: Debian's package linux-source-6.12, in a copy of ours with four mends; for 7.3 that of Debian 13, which needs
# one of them. Configuration: kunit/uml.config, for debug also kunit/uml-debug.config. A first build takes 4 to 12 minutes
# on two cores, a second call nothing.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

# Mend 1: UML has HZ=100 and no menu entry for it. Timers of the kernel's own wheel shall be 1 ms fine.
mend_hz() {
	sed -i '/^config HZ$/,/^$/ s/default 100$/default 1000/' arch/um/Kconfig
	sed -n '/^config HZ$/,/^$/p' arch/um/Kconfig | grep -q 'default 1000$' || die "mend_hz: arch/um/Kconfig looks different"
}

# Mend 2: in virtual time cond_resched() never lets another task run, and shrink_dcache_parent() can wait for ever
# for a dentry that another task holds. A real sleep where its loop found nothing to dispose of ends that.
mend_dcache() {
	python3 - fs/dcache.c <<-'PY' || die "mend_dcache: fs/dcache.c looks different"
		import sys
		path = sys.argv[1]
		text = open(path).read()
		head, sep, rest = text.partition("void shrink_dcache_parent(struct dentry *parent)\n")
		old = "\t\tif (!data.found)\n\t\t\tbreak;\n"
		if not sep or old not in rest.partition("\n}\n")[0]:
		    sys.exit(1)
		new = old + "\t\tschedule_timeout_uninterruptible(1);\n"
		open(path, "w").write(head + sep + rest.replace(old, new, 1))
	PY
}

# Mend 3: a processor with AMX has extended states of 11 KiB, UML keeps 2,696 bytes of them (up to AVX-512 and PKU), and the
# host refuses to set a part (EFAULT: init dies). So a whole one is set: the rest zero, the tiles' bits in XSTATE_BV clear.
mend_xstate() {
	python3 - arch/x86/um/os-Linux/registers.c <<-'PY' || die "mend_xstate: registers.c looks different"
		import sys
		path = sys.argv[1]
		text = open(path).read()
		head, sep, rest = text.partition("int restore_fp_registers(int pid, unsigned long *fp_regs)\n")
		old = "\t\tiov.iov_base = fp_regs;\n\t\tiov.iov_len = FP_SIZE * sizeof(unsigned long);\n"
		if not sep or old not in rest.partition("\n}\n")[0]:
		    sys.exit(1)
		new = ("\t\tstatic unsigned long whole[2048];\n\n"
		       "\t\tmemcpy(whole, fp_regs, FP_SIZE * sizeof(*whole));\n"
		       "\t\twhole[64] &= ~(3UL << 17);\n"
		       "\t\tiov.iov_base = whole;\n"
		       "\t\tiov.iov_len = sizeof(whole);\n")
		text = head + sep + rest.replace(old, new, 1)
		open(path, "w").write(text.replace("#include <stdlib.h>\n", "#include <stdlib.h>\n#include <string.h>\n", 1))
	PY
}

# Mend 4: a stack trace (KASAN, kmemleak and others take one at each allocation) looks at every word of the stack, whether
# it is an address of text, a third of a debug kernel's time, and keeps those that frame pointers lead to. So follow these.
mend_stacktrace() {
	python3 - arch/um/kernel/stacktrace.c <<-'PY' || die "mend_stacktrace: stacktrace.c looks different"
		import sys
		path = sys.argv[1]
		text = open(path).read()
		old = "\tdump_trace(tsk, &dump_ops, trace);\n"
		if text.count(old) != 1:
		    sys.exit(1)
		new = ("#ifdef CONFIG_FRAME_POINTER\n"
		       "\tstruct pt_regs *regs = tsk->thread.segv_regs;\n"
		       "\tunsigned long at = (unsigned long)get_stack_pointer(tsk, regs);\n"
		       "\tunsigned long end = (at & ~(THREAD_SIZE - 1)) + THREAD_SIZE - sizeof(struct stack_frame);\n"
		       "\tunsigned long bp = get_frame_pointer(tsk, regs);\n\n"
		       "\tfor (; bp >= at && bp <= end && !(bp & 7); bp = READ_ONCE_NOCHECK(*(unsigned long *)bp)) {\n"
		       "\t\tunsigned long address = READ_ONCE_NOCHECK(((unsigned long *)bp)[1]);\n\n"
		       "\t\tif (!__kernel_text_address(address) || trace->nr_entries >= trace->max_entries)\n"
		       "\t\t\tbreak;\n"
		       "\t\tsave_addr(trace, address, 1);\n"
		       "\t\tat = bp + sizeof(struct stack_frame);\n"
		       "\t}\n"
		       "#else\n" + old + "#endif\n")
		text = text.replace(old, new)
		text = text.replace("static const struct stacktrace_ops dump_ops", "static const struct stacktrace_ops __maybe_unused dump_ops")
		open(path, "w").write(text)
	PY
}

mends_hash() { declare -f "${MENDS[@]}" | hash_of; }

make_source() {
	[ -d "$SRC" ] && return
	log "unpacking ${TARBALL##*/} (about a minute)"
	rm -rf "$SRC.partial"
	mkdir -p "$SRC.partial"
	tar -xJf "$TARBALL" -C "$SRC.partial" --strip-components=1
	(cd "$SRC.partial" && for mend in "${MENDS[@]}"; do $mend; done)
	mv "$SRC.partial" "$SRC"
}

kmake() { "${TIED[@]}" make -C "$SRC" O="$OUT.partial" ARCH=um -j"$(jobs)" -s "$@"; }

# What 7.3 has always is no option there.
fragments() { if [ "$MODE" = 7.3 ]; then cat "${FRAGMENTS[@]}" | grep -vx CONFIG_PROC_SYSCTL=y; else cat "${FRAGMENTS[@]}"; fi; }

# Kconfig drops silently what it cannot set: compare with what was asked for.
check_config() {
	local lost
	lost=$(grep -hE '^CONFIG_[A-Z0-9_]+=' "$OUT.partial/wanted.config" | grep -vxFf "$OUT.partial/.config" || true)
	[ -z "$lost" ] || die "these lines of kunit/*.config had no effect: ${lost//$'\n'/ }"
}

configure() {
	mkdir -p "$OUT.partial"
	fragments >"$OUT.partial/wanted.config"
	quietly "$CACHE/log/uml-$MODE-config.log" kmake KCONFIG_ALLCONFIG="$OUT.partial/wanted.config" allnoconfig
	check_config
}

# An interrupted build goes on where it was; only a finished one gets the name others look for.
build() {
	[ -x "$OUT/linux" ] && return
	make_source
	log "building the $MODE User-Mode Linux kernel (minutes, once)"
	configure
	quietly "$CACHE/log/uml-$MODE-build.log" kmake linux modules
	mv "$OUT.partial" "$OUT"
}

MODE=${1-}
FRAGMENTS=("$ROOT/kunit/uml.config")
MENDS=(mend_hz mend_dcache mend_xstate mend_stacktrace)
case $MODE in
normal | 7.3) ;;
debug) FRAGMENTS+=("$ROOT/kunit/uml-debug.config") ;;
*) die "usage: kernel-uml.sh normal|debug|7.3" ;;
esac

deps uml
if [ "$MODE" = 7.3 ]; then
	MENDS=(mend_hz)
	root=$("$ROOT/scripts/debian13.sh" source)
	TARBALL=$(echo "$root"/usr/src/linux-source-*.tar.xz)
	VERSION=$(basename "$TARBALL" .tar.xz)
else
	TARBALL=/usr/src/linux-source-6.12.tar.xz
	VERSION=$(pkg_version linux-source-6.12)
fi
SRC=$CACHE/source/$VERSION-$(mends_hash)
OUT=$CACHE/uml/$MODE-$VERSION-$(cat <(fragments) <(mends_hash) <(gcc --version) | hash_of)
[ -x "$OUT/linux" ] || locked uml build
echo "$OUT"
