#!/usr/bin/env bash
# The command `xtcp run`: what it promises and what it refuses. To be run inside a test place, as root:
#
#   scripts/run.sh uml scripts/test/command.sh
set -euo pipefail
ROOT=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
. "$ROOT/scripts/test/tap.sh"
export XTCP_PRELOAD_DIR=/tmp/preload
XTCP=$ROOT/scripts/xtcp
PROTOCOL='import socket; print(socket.socket(%s).getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL))'

# protocol ARGUMENTS EXPECTED: a socket made with socket(ARGUMENTS) has this protocol
protocol() {
	# shellcheck disable=SC2059
	[ "$("$XTCP" run python3 -c "$(printf "$PROTOCOL" "$1")")" = "$2" ]
}

# fails_with STATUS PATTERN COMMAND...: on standard error
fails_with() {
	local status=0 want=$1 pattern=$2
	shift 2
	"$@" 2>/tmp/said || status=$?
	cat /tmp/said
	[ $status = "$want" ] && grep -q "$pattern" /tmp/said
}

status_is() {
	local status=0 want=$1
	shift
	"$@" || status=$?
	[ $status = "$want" ]
}

static_program() {
	cp "$(command -v busybox)" /tmp/static
	fails_with 126 "statically linked" "$XTCP" run /tmp/static true
	printf '#!/tmp/static sh\nexit 0\n' >/tmp/script
	chmod +x /tmp/script
	fails_with 126 "statically linked" "$XTCP" run /tmp/script
}

# What Go's linker leaves in a program, also in one that is linked with libc.
go_program() {
	cp /bin/true /tmp/go
	"$XTCP" run /tmp/go
	printf '\xff Go buildinf:\x08\x02' >>/tmp/go
	fails_with 126 "Go program" "$XTCP" run /tmp/go
}

setuid_program() {
	cp /bin/true /tmp/setuid
	chmod 4755 /tmp/setuid
	"$XTCP" run /tmp/setuid
	chmod 755 /tmp/preload
	# The clone may lie where nobody but its owner can read.
	mkdir -m 755 /tmp/scripts
	cp -r "$XTCP" "$ROOT/scripts/command" /tmp/scripts
	chmod -R go+rX /tmp/scripts
	fails_with 126 "setuid" setpriv --reuid 65534 --regid 65534 --clear-groups /tmp/scripts/xtcp run /tmp/setuid
}

keeps_preload() {
	local first
	first=$(ldconfig -p | awk '/libdl.so.2.*x86-64/ { name = $NF } END { print name }')
	# shellcheck disable=SC2016
	case $(LD_PRELOAD=$first "$XTCP" run bash -c 'echo $LD_PRELOAD') in
	"$first":*xtcp-preload*.so) ;;
	*) return 1 ;;
	esac
}

# with_library_in DIRECTORY: where the library would be kept; sockets are xtcp's all the same
with_library_in() {
	XTCP_PRELOAD_DIR=$1 protocol 'socket.AF_INET, socket.SOCK_STREAM' 253
}

# Without a cache that can be written to the library is in /tmp, unless somebody else has made the directory there.
directory_of_another() {
	rm -rf /tmp/xtcp-0
	mkdir /tmp/xtcp-0
	chown 65534 /tmp/xtcp-0
	local status=0
	XTCP_PRELOAD_DIR=/proc/none fails_with 126 "somebody else's" "$XTCP" run true || status=$?
	rm -rf /tmp/xtcp-0
	return $status
}

script_program() {
	# shellcheck disable=SC2059
	printf '#!/usr/bin/env -S python3 -u\n'"$PROTOCOL"'\n' "socket.AF_INET, socket.SOCK_STREAM" >/tmp/script.py
	chmod +x /tmp/script.py
	[ "$("$XTCP" run /tmp/script.py)" = 253 ]
}

# handshakes ActiveEstablished|PassiveOpens: how many xtcp has seen
handshakes() { PROC_NET_NETSTAT=/proc/net/xtcp_netstat nstat -asz "Xtcp$1" | awk 'END { print $2 }'; }

# wire6 ADDRESS PORT SERVER CLIENT COUNTER: curl fetches a file of http.server's, each started by these words; one is
# xtcp. A port each: TIME_WAIT keeps one for a while.
wire6() {
	local host=$1 port=$2 url=http://$1:$2/file before server status=0
	[[ $1 != *:* ]] || url=http://[$1]:$2/file
	mkdir -p /tmp/www
	head -c 300000 /dev/urandom >/tmp/www/file
	before=$(handshakes "$5")
	# shellcheck disable=SC2086
	$3 python3 -u -m http.server "$port" --bind "$host" --directory /tmp/www >/tmp/www/log 2>&1 </dev/null &
	server=$!
	until_true 60 grep -q Serving /tmp/www/log
	# shellcheck disable=SC2086
	$4 curl -sS --max-time $((60 * SLACK)) "$url" | cmp - /tmp/www/file || status=$?
	kill $server
	wait $server || true
	[ $status = 0 ] && [ "$(handshakes "$5")" = $((before + 1)) ]
}

# completes WORDS EXPECTED...: what bash offers for the last of the words
completes() {
	(
		. "$ROOT/scripts/completion/xtcp"
		PATH=$ROOT/scripts:$PATH
		read -ra COMP_WORDS <<<"$1"
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_xtcp
		echo "${COMPREPLY[*]}"
		[ "${COMPREPLY[*]}" = "$2" ]
	)
}

without_module() {
	rmmod xtcp
	local status=0
	fails_with 126 "not loaded" "$XTCP" run true || status=$?
	fails_with 1 "not loaded" "$XTCP" abort all || status=$?
	insmod "$XTCP_KO"
	return $status
}

check "socket(AF_INET, SOCK_STREAM, 0) is xtcp" protocol 'socket.AF_INET, socket.SOCK_STREAM' 253
check "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) is xtcp" protocol 'socket.AF_INET, socket.SOCK_STREAM, 6' 253
check "... with SOCK_NONBLOCK | SOCK_CLOEXEC too" protocol \
	'socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC' 253
check "a datagram socket stays UDP" protocol 'socket.AF_INET, socket.SOCK_DGRAM' 17
check "a local socket stays one" protocol 'socket.AF_UNIX, socket.SOCK_STREAM' 0
check "exit status is the program's" status_is 42 "$XTCP" run bash -c 'exit 42'
check "death by a signal is the program's" status_is 143 "$XTCP" run bash -c 'kill -TERM $$'
check "arguments arrive unchanged" test "$("$XTCP" run printf '%s|' 'a b' '' '*')" = 'a b||*|'
check "an existing LD_PRELOAD is kept" keeps_preload
check "a cache that cannot be written to" with_library_in /proc/none
check "a cache with a space and a colon in its path" with_library_in "/tmp/a b:c"
check "a directory of somebody else's is not used" directory_of_another
check "the library's path" test -e "$("$XTCP" library)"
check "a script with env -S" script_program
check "a static program is refused, also as interpreter" static_program
check "a Go program is refused, although it is linked with libc" go_program
check "a setuid program is refused, not to root" setuid_program
check "a program that is not there" fails_with 127 "no such program" "$XTCP" run /nonexistent
check "--wire=6 curl from a server of TCP" wire6 127.0.0.1 8081 '' "$XTCP run --wire=6" ActiveEstablished
check "--wire=6 curl from a server of TCP, IPv6" wire6 ::1 8082 '' "$XTCP run --wire=6" ActiveEstablished
check "curl by TCP from --wire=6 http.server" wire6 127.0.0.1 8083 "$XTCP run --wire=6" '' PassiveOpens
check "curl by TCP from --wire=6 http.server, IPv6" wire6 ::1 8084 "$XTCP run --wire=6" '' PassiveOpens
check "no other wire" fails_with 2 "invalid choice: '5'" "$XTCP" run --wire=5 true
check "completion of commands" completes "xtcp tr" "trace"
check "completion of knobs" completes "xtcp get syn_r" "syn_retries"
check "completion of options" completes "xtcp list --js" "--json"
check "completion of states" completes "xtcp list state fin" "fin-wait-1 fin-wait-2"
check "the module is not loaded" without_module
check "help" "$XTCP" help
check "no command" status_is 2 "$XTCP"
tap_finish
