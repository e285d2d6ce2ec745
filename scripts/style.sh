#!/usr/bin/env bash
# The kernel's checkpatch.pl --strict on module/, include/ and kunit/.
#
#   scripts/style.sh
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

# Not for us: MAINTAINERS entries, and the SPDX tag's placement is checked anyway.
IGNORE=FILE_PATH_CHANGES,LINUX_VERSION_CODE,EMBEDDED_FILENAME

deps style
SRC=$("$ROOT/scripts/kernel-uml.sh" normal)/source
mapfile -t files < <(find "$ROOT"/{module,include,kunit} -name '*.[ch]' | sort)
perl "$SRC/scripts/checkpatch.pl" --no-tree --strict --terse --show-types --max-line-length=120 \
	--ignore "$IGNORE" --file "${files[@]}"
