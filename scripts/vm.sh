#!/usr/bin/env bash
# A shell in a virtual machine that runs a stock Debian kernel with xtcp.ko loaded. Leave it with `exit`.
#
#   scripts/vm.sh [6.12|6.1|7.3|uml|uml-debug|uml-7.3]
#
# The host's files are visible there, read-only; /tmp and /run are the machine's own.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

[ -t 0 ] || die "this needs a terminal; for a single command use scripts/run.sh ${1:-6.12} COMMAND"
saved=$(stty -g)
trap 'stty "$saved"' EXIT
exec_size=$(stty size)
PLACE=${1:-6.12}
# What takes long tells so; after these nothing does but the boot.
"$ROOT/scripts/build.sh" "$PLACE" >/dev/null
case $PLACE in
uml*) ;;
*)
	"$ROOT/scripts/kernel-debian.sh" "$PLACE" >/dev/null
	log "booting a stock Debian $PLACE, emulated: some 15 s"
	;;
esac
# Its status is that of the place, not of the shell's last command.
"$ROOT/scripts/run.sh" "$PLACE" --interactive --timeout 86400 \
	bash -c "stty rows ${exec_size% *} cols ${exec_size#* } 2>/dev/null; bash -i; exit 0"
