#!/usr/bin/env bash
# All tests of one place, one after the other. To be run inside it, as root:
#
#   scripts/run.sh PLACE scripts/test/place.sh
#
# XTCP_TEST_SIZE (small or large) overrides the size that suits the place's speed.
set -uo pipefail
HERE=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")")

case ${XTCP_PLACE:?run this through scripts/run.sh} in
uml) size=large loads=200 ;;
*) size=small loads=20 ;;
esac

status=0
python3 "$HERE/unit.py" || status=1
"$HERE/functional.sh" "${XTCP_TEST_SIZE:-$size}" || status=1
[ "$XTCP_PLACE" != uml ] || "$HERE/command.sh" || status=1 # a program: no kernel is another to it
"$HERE/lifecycle.sh" $loads || status=1
exit $status
