#!/usr/bin/env bash
# Delete the cache: kernels, their sources, objects, results of test runs.
#
#   scripts/clean-cache.sh
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

for part in source uml debian debian13 build run log lock tmp preload check test coverage mutants packetdrill bench; do
	rm -rf "${CACHE:?}/$part"
done
log "$CACHE is empty"
