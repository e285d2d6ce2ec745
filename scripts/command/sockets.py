"""xtcp list: what /proc/net/xtcp and xtcp6 have, in words; round-trip times, which are not in there, from TCP_INFO."""
import contextlib
import ipaddress
import os
import pathlib
import socket
import struct
import sys
import time

from command import filters
from command.system import Refused, need_module, print_json, print_table, seconds, syscall

FILES = ("/proc/net/xtcp", "/proc/net/xtcp6")
TICK_MS = 1000 // os.sysconf("SC_CLK_TCK")
TIMERS = {0: "", 1: "retransmit", 2: "keepalive", 3: "time-wait", 4: "probe"}
PIDFD_GETFD = 438
TCP_INFO_OCTETS = 152  # to tcpi_min_rtt


# -- /proc ------------------------------------------------------------------------------------------------------------


def end_of(text):
    """Address and port of `0100007F:0050`: words of the machine's byte order."""
    host, port = text.split(":")
    raw = b"".join(int(host[i:i + 8], 16).to_bytes(4, sys.byteorder) for i in range(0, len(host), 8))
    return str(ipaddress.ip_address(raw)), int(port, 16)


def shown(address):
    """As ss has them: an IPv4 address in an AF_INET6 socket keeps its ::ffff:."""
    parsed = ipaddress.ip_address(address)
    mapped = getattr(parsed, "ipv4_mapped", None)
    return f"::ffff:{mapped}" if mapped else address


def timer_of(kind, state, inode):
    # An orphan has no keepalive: what waits in FIN_WAIT_2 is its end.
    return "fin-wait-2" if kind == 2 and state == "FIN_WAIT_2" and not inode else TIMERS[kind]


def row_of(line):
    words = line.split()
    (local, local_port), (peer, peer_port) = end_of(words[1]), end_of(words[2])
    state, inode = filters.STATES[int(words[3], 16)], int(words[9])
    sent, received = (int(word, 16) for word in words[4].split(":"))
    kind, left = (int(word, 16) for word in words[5].split(":"))
    row = {"state": state, "local_address": local, "local_port": local_port, "peer_address": peer,
           "peer_port": peer_port, "recv_queue": received, "send_queue": sent,
           "timer": timer_of(kind, state, inode), "timer_left_ms": left * TICK_MS if kind else None,
           "retransmits": int(words[6], 16), "probes": int(words[8]), "uid": int(words[7]), "inode": inode,
           "rto_ms": int(words[12]) * TICK_MS, "cwnd": int(words[15]), "ssthresh": int(words[16]),
           "age_ms": int(words[17])}
    if row["ssthresh"] < 0:
        row["ssthresh"] = None
    return row


def read_rows():
    rows = []
    for name in FILES:
        with contextlib.suppress(FileNotFoundError), open(name, encoding="ascii") as file:
            next(file)
            rows += [row_of(line) for line in file]
    return rows


# -- who has it, and what TCP_INFO says -------------------------------------------------------------------------------


def holders(inodes):
    """{inode: (pid, name, fd)} of the processes that we may look into; of several the first."""
    found = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for link in os.scandir(process / "fd"):
                with contextlib.suppress(OSError):
                    target = os.readlink(link.path)
                    inode = int(target[8:-1]) if target.startswith("socket:[") else None
                    if inode in inodes and inode not in found:
                        name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                        found[inode] = (int(process.name), name, int(link.name))
    return found


def tcp_info(pid, fd):
    """Of another process's socket: a descriptor of our own for it, for a moment. Needs the rights of a debugger."""
    process = os.pidfd_open(pid)
    try:
        with socket.socket(fileno=syscall(PIDFD_GETFD, process, fd, 0)) as sock:
            info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_OCTETS)
    finally:
        os.close(process)
    rtt, rttvar = struct.unpack_from("=II", info, 68)
    return {"rtt_us": rtt or None, "rttvar_us": rttvar, "mss": struct.unpack_from("=I", info, 16)[0],
            "pmtu": struct.unpack_from("=I", info, 60)[0], "total_retransmits": struct.unpack_from("=I", info, 100)[0]}


def add_processes(rows):
    owners = holders({row["inode"] for row in rows if row["inode"]})
    for row in rows:
        row["process"], row["rtt_us"] = None, None
        if row["inode"] not in owners:
            continue
        pid, name, fd = owners[row["inode"]]
        row["process"] = {"name": name, "pid": pid, "fd": fd}
        if row["state"] not in ("LISTEN", "CLOSED"):
            with contextlib.suppress(OSError):
                row.update(tcp_info(pid, fd))


# -- showing it -------------------------------------------------------------------------------------------------------

HEAD = ["STATE", "RECV-Q", "SEND-Q", "LOCAL", "PEER", "TIMER", "LEFT", "RETR", "RTO", "RTT", "CWND", "AGE", "PROCESS"]
RIGHT = ("RECV-Q", "SEND-Q", "LEFT", "RETR", "RTO", "RTT", "CWND", "AGE")


def end_text(address, port):
    host = "*" if not any(ipaddress.ip_address(address).packed) else shown(address)
    return f"{f'[{host}]' if ':' in host else host}:{port or '*'}"


def cells(row):
    connected = row["state"] not in ("LISTEN", "TIME_WAIT", "CLOSED")
    process = row.get("process")
    return [row["state"], row["recv_queue"], row["send_queue"], end_text(row["local_address"], row["local_port"]),
            end_text(row["peer_address"], row["peer_port"]), row["timer"] or "-",
            seconds(row["timer_left_ms"]) if row["timer"] else "-",
            (row["retransmits"] or row["probes"] or "-") if connected else "-",
            seconds(row["rto_ms"]) if connected and row["rto_ms"] else "-",
            f"{row['rtt_us'] / 1000:.3f}ms" if row.get("rtt_us") else "-",
            row["cwnd"] if connected and row["cwnd"] else "-",
            seconds(row["age_ms"]), f"{process['name']}({process['pid']})" if process else "-"]


def look(wanted, args):
    need_module()
    rows = [row for row in read_rows() if wanted(row)]
    add_processes(rows)
    if args.json:
        print_json(rows)
    else:
        print_table(HEAD, [cells(row) for row in rows], RIGHT)
    sys.stdout.flush()


def show(args):
    wanted = filters.parse(args.filter)
    if args.interval <= 0:
        raise Refused("the interval is a time in seconds, more than 0", 2)
    look(wanted, args)
    rounds = args.count - 1 if args.count else None
    while args.watch and rounds != 0:
        time.sleep(args.interval)
        print("\033[H\033[J" if sys.stdout.isatty() else "", end="" if sys.stdout.isatty() else "\n")
        look(wanted, args)
        rounds = rounds - 1 if rounds else None
