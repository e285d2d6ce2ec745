#!/usr/bin/env bash
# A shell in a virtual machine that runs a stock Debian kernel with xtcp.ko loaded. Leave it with `exit`.
#
#   scripts/vm.sh [6.12|6.1|uml|uml-debug]
#
# The host's files are visible there, read-only; /tmp and /run are the machine's own.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

[ -t 0 ] || die "this needs a terminal; for a single command use scripts/run.sh ${1:-6.12} COMMAND"
saved=$(stty -g)
trap 'stty "$saved"' EXIT
exec_size=$(stty size)
"$ROOT/scripts/run.sh" "${1:-6.12}" --interactive --timeout 86400 \
	bash -c "stty rows ${exec_size% *} cols ${exec_size#* } 2>/dev/null; exec bash -i"
