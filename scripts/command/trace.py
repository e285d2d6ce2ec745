"""
xtcp trace: a live ladder from the tracepoints of events/xtcp, of one connection or all, in an instance of tracefs of
its own, so that nobody else's tracing is in the way. With --segments also what a packet socket sees of protocol 253.
"""
import contextlib
import itertools
import json
import os
import pathlib
import re
import select
import signal
import socket
import struct
import sys
import time

from command import filters
from command.sockets import end_text
from command.system import PROTOCOL, Refused, need_module, note

PLACES = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
EVENT = re.compile(r"\s(\d+\.\d+): xtcp_(\w+): (.*)")
LOST = re.compile(r"LOST (\d+) EVENTS")
ETH_P_ALL, ETH_P_IP, ETH_P_IPV6 = 3, 0x0800, 0x86DD
PACKET_OUTGOING = 4
SO_TIMESTAMPNS = 35
FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")
WIDTH = 26  # of the column of an end
ARROW = 44


# -- events -----------------------------------------------------------------------------------------------------------


def tracefs():
    for place in PLACES:
        if os.path.isdir(f"{place}/events"):
            if not os.path.isdir(f"{place}/events/xtcp"):
                raise Refused("this kernel has no tracepoints for modules (CONFIG_EVENT_TRACING)")
            return pathlib.Path(place)
    if os.geteuid() != 0:
        raise Refused("the tracepoints are for root (tracefs cannot be looked into)")
    raise Refused(f"tracefs is not mounted: mount -t tracefs tracefs {PLACES[0]}")


@contextlib.contextmanager
def instance():
    """An instance of tracefs with all events of xtcp on and the monotonic clock; gives its directory."""
    place = tracefs() / "instances" / f"xtcp-{os.getpid()}"
    for left in place.parent.glob("xtcp-*"):  # by one that was killed
        if not os.path.isdir(f"/proc/{left.name.removeprefix('xtcp-')}"):
            left.rmdir()
    try:
        place.mkdir()
    except PermissionError as error:
        raise Refused("the tracepoints are for root") from error
    try:
        (place / "trace_clock").write_text("mono", encoding="ascii")
        (place / "events/xtcp/enable").write_text("1", encoding="ascii")
        yield place
    finally:
        (place / "events/xtcp/enable").write_text("0", encoding="ascii")
        place.rmdir()


def event_of(line):
    """A line of trace_pipe as a row that filters understand; None: it is something else."""
    match = EVENT.search(line)
    if not match:
        lost = LOST.search(line)
        if lost:
            note(f"{lost[1]} events came faster than they were read, and are lost")
        return None
    fields = dict(word.split("=", 1) for word in match[3].split() if "=" in word)
    six = fields.get("family") == "AF_INET6"
    row = {"time_s": float(match[1]), "event": match[2],
           "local_address": fields["saddrv6" if six else "saddr"], "local_port": int(fields["sport"]),
           "peer_address": fields["daddrv6" if six else "daddr"], "peer_port": int(fields["dport"])}
    for name, value in fields.items():
        if name not in ("family", "sport", "dport", "saddr", "daddr", "saddrv6", "daddrv6", "skaddr", "skbaddr"):
            row[name] = int(value) if value.isdigit() else value
    row["state"] = row.get("newstate", row.get("state"))
    return row


# -- segments ---------------------------------------------------------------------------------------------------------


def packet_socket():
    try:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, socket.htons(ETH_P_ALL))
    except PermissionError as error:
        raise Refused("--segments is for root (CAP_NET_RAW)") from error
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    return sock


def text_of(data, kind):
    """Source, destination, header and what follows of an IP packet of our protocol, or None."""
    if kind == ETH_P_IP and len(data) >= 20 and data[9] == PROTOCOL:
        end, fragment = struct.unpack_from("!HxxH", data, 2)
        if fragment & 0x1FFF:
            return None
        return socket.AF_INET, data[12:16], data[16:20], data[(data[0] & 15) * 4:end or None]
    if kind == ETH_P_IPV6 and len(data) >= 40 and data[6] == PROTOCOL:
        return socket.AF_INET6, data[8:24], data[24:40], data[40:]
    return None


def segment_of(data, sender, stamp):
    """A row of a segment; local is who sent it. None: not ours, or on loopback the second sight of it."""
    device, kind, direction = sender[:3]
    found = text_of(data, kind)
    if not found or len(found[3]) < 20 or (device == "lo" and direction != PACKET_OUTGOING):
        return None
    family, source, destination, segment = found
    sport, dport, seq, ack, offset, bits, window = struct.unpack_from("!HHIIBBH", segment)
    names = "|".join(name for i, name in enumerate(FLAGS) if bits >> i & 1)
    return {"time_s": stamp, "event": "segment", "local_address": socket.inet_ntop(family, source), "local_port": sport,
            "peer_address": socket.inet_ntop(family, destination), "peer_port": dport, "seq": seq, "ack": ack,
            "flags": names, "length": max(len(segment) - (offset >> 4) * 4, 0), "window": window, "state": None}


def read_segments(sock, offset_s):
    """All that have come; the time of each by the monotonic clock."""
    rows = []
    with contextlib.suppress(BlockingIOError):
        while True:
            data, extra, _, sender = sock.recvmsg(1 << 17, 64)
            stamp = next((struct.unpack("=qq", value) for _, kind, value in extra if kind == SO_TIMESTAMPNS), (0, 0))
            rows.append(segment_of(data, sender, stamp[0] + stamp[1] / 1e9 - offset_s))
    return [row for row in rows if row]


# -- the ladder -------------------------------------------------------------------------------------------------------


class Ladder:
    """Numbers connections; whichever end is heard of first is on the left."""

    def __init__(self, with_segments):
        self.with_segments = with_segments  # those that go out are drawn by themselves
        self.left = {}  # both ends: (number, the left one)
        self.first_seq = {}  # an end of a connection: the number of its SYN
        self.start_s = None

    def place(self, row):
        """The connection's number, and whether the row is of its left end."""
        local, peer = ((row[end + "_address"], row[end + "_port"]) for end in ("local", "peer"))
        key = frozenset((local, peer))
        if key not in self.left:
            self.left[key] = len(self.left) + 1, local
            ends = f"{end_text(*local)} listens" if not peer[1] else f"{end_text(*local)} (left) and {end_text(*peer)}"
            print(f"#{self.left[key][0]} is {ends}")
        return self.left[key][0], self.left[key][1] == local

    def number(self, row, seq, from_peer=False):
        """Relative to the SYN, where that was seen."""
        ends = [(row[end + "_address"], row[end + "_port"]) for end in ("local", "peer")]
        first = self.first_seq.get(tuple(ends[::-1] if from_peer else ends))
        return seq if first is None else (seq - first) % 2**32

    def segment(self, row):
        if "SYN" in row["flags"]:
            ends = tuple((row[end + "_address"], row[end + "_port"]) for end in ("local", "peer"))
            self.first_seq[ends] = row["seq"]
        words = [row["flags"].replace("|", ","), f"seq {self.number(row, row['seq'])}"]
        if "ACK" in row["flags"]:
            words.append(f"ack {self.number(row, row['ack'], True)}")
        if row["length"]:
            words.append(f"len {row['length']}")
        return " ".join(words)

    def words(self, row):
        """What the end itself does, and what goes over the wire, with `>` (from it), `x` (to it, and lost there)."""
        kind = row["event"]
        if kind == "set_state":
            return f"{row['oldstate']} > {row['newstate']}", "", ""
        if kind == "retransmit":
            length = f" len {row['length']}" if row["length"] else ""
            return (f"again, {row['retries']}; rto {row['rto_us'] / 1e6:g} s",
                    f"{row['kind']} seq {self.number(row, row['seq'])}{length}", ">")
        if kind == "drop":
            return f"{row['reason']}", f"{row['flags'].replace('|', ',')} seq {self.number(row, row['seq'], True)}", "x"
        if kind == "send_reset":
            return f"reset: {row['why']}", f"RST seq {self.number(row, row['seq'])}", ">"
        if kind == "receive_reset":
            return f"was reset in {row['state']}", "RST", "<"
        return "", self.segment(row), ">"

    def show(self, row):
        if self.start_s is None:
            self.start_s = row["time_s"]
        number, left = self.place(row)
        own, wire, way = self.words(row)
        if self.with_segments and row["event"] != "segment" and way != "x":
            wire = ""
        arrow = ""
        if wire:
            to_right = (way == ">") == left
            body = f" {wire} ".center(ARROW - 2, "-")
            head = "X" if way == "x" else ">" if to_right else "<"
            arrow = f"-{body}{head}" if to_right else f"{head}{body}-"
        cells = (own, "") if left else ("", own)
        time_s = row["time_s"] - self.start_s
        print(f"{time_s:12.6f} #{number:<3d} {cells[0]:{WIDTH}} {arrow:{ARROW}} {cells[1]}".rstrip())


# -- following --------------------------------------------------------------------------------------------------------


def wanted_of(words):
    """A filter, or the two ends of a connection."""
    if len(words) == 2 and words[0].lower() not in ("state", "exclude", "sport", "dport", "src", "dst"):
        local, peer = words
        words = f"src {local} dst {peer} or src {peer} dst {local}".split()
    return filters.parse(words)


def lines_of(pipe, rest):
    """What has come: whole lines, and the beginning of the next."""
    data = rest + b"".join(iter(lambda: pipe.read(1 << 16) or b"", b""))
    *lines, rest = data.split(b"\n")
    return [line.decode("ascii", "replace") for line in lines], rest


def events(place, sock):
    """Rows as they come; those that come together in the order of time."""
    offset_s = time.time() - time.monotonic()
    rest = b""
    with open(place / "trace_pipe", "rb", buffering=0, opener=lambda n, f: os.open(n, f | os.O_NONBLOCK)) as pipe:
        while True:
            select.select([pipe, *([sock] if sock else [])], [], [])
            rows = read_segments(sock, offset_s) if sock else []
            lines, rest = lines_of(pipe, rest)
            rows += filter(None, map(event_of, lines))
            yield from sorted(rows, key=lambda row: row["time_s"])


def show(args):
    need_module()
    wanted = wanted_of(args.filter)
    ladder = Ladder(args.segments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the instance goes, too
    with (instance() as place, packet_socket() if args.segments else contextlib.nullcontext() as sock,
          contextlib.closing(events(place, sock)) as rows):
        note("tracing; ^C ends it")
        for row in itertools.islice(filter(wanted, rows), args.count):
            if args.json:
                print(json.dumps({name: value for name, value in row.items() if value is not None}), flush=True)
            else:
                ladder.show(row)
                sys.stdout.flush()
