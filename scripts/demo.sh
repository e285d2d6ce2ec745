#!/usr/bin/env bash
# What xtcp is, shown in a minute: on a stock Debian 6.12 in a virtual machine, nothing of which touches this one.
#
#   scripts/demo.sh
#
# It installs what is missing (as root, on Debian 12; else it says what), builds the module, boots the machine and has
# demo.py tell the story there. What that claims it has checked: the last line is `demo: ok`, or the status is not 0.
# XTCP_DEMO_SLACK: seconds that the machine may be late where times are told (demo.py).
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

PLACE=6.12

# How to have it in the kernel that runs here.
here() {
	local release
	release=$(uname -r)
	if [ -e "/lib/modules/$release/build/Makefile" ]; then
		echo "In the kernel you run, $release: make && sudo insmod xtcp.ko (a test machine's: a module runs with all rights)"
	elif [ -d "/lib/modules/$release" ]; then
		echo "In the kernel you run, $release: apt install linux-headers-$release, make, sudo insmod xtcp.ko (on a test machine)"
	fi
}

deps build vm demo
patiently "building the module, some 30 s" "$ROOT/scripts/build.sh" "$PLACE" >/dev/null
kernel=$(patiently "unpacking the kernel" "$ROOT/scripts/kernel-debian.sh" "$PLACE")
log "booting a stock Debian $(cat "$kernel/release"), emulated: some 15 s"
[ ! -t 1 ] || [ -n "${NO_COLOR-}" ] || export XTCP_DEMO_COLOR=1
if "$ROOT/scripts/run.sh" "$PLACE" --no-insmod --timeout 900 python3 scripts/demo.py; then
	here
	echo "demo: ok"
else
	status=$?
	echo "demo: not ok (what was not so stands above)"
	exit $status
fi
