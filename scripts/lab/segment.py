"""Segments as they are on the cable: taken apart, and made."""
import dataclasses
import socket
import struct

FLAGS = (("SYN", 2), ("FIN", 1), ("RST", 4), ("PSH", 8), ("URG", 32), ("ECE", 64), ("CWR", 128), ("ACK", 16))
KINDS = {1: "ICMP", 17: "UDP", 58: "ICMPv6"}
TCP, XTCP = 6, 253


def checksum(data):
    """The Internet checksum; 0 over data that holds a right one."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def options_of(data):
    """The options that a header holds: {"mss": 1460, "timestamps": (value, echo), ...}."""
    found = {}
    while data and data[0]:
        if data[0] == 1:
            data = data[1:]
            continue
        if len(data) < 2 or not 2 <= data[1] <= len(data):
            found["malformed"] = True
            break
        kind, value, data = data[0], data[2:data[1]], data[data[1]:]
        if kind == 2:
            found["mss"] = int.from_bytes(value, "big")
        elif kind == 3:
            found["window_scale"] = value[0]
        elif kind == 4:
            found["sack_permitted"] = True
        elif kind == 5:
            found["sack"] = [struct.unpack("!II", value[i:i + 8]) for i in range(0, len(value) - 7, 8)]
        elif kind == 8:
            found["timestamps"] = struct.unpack("!II", value)
        elif kind == 34:
            found["fastopen"] = value.hex()
        else:
            found[f"option_{kind}"] = value.hex()
    return found


@dataclasses.dataclass
class Segment:  # pylint: disable=too-many-instance-attributes
    """One packet of the cable. What is no segment (ICMP, UDP, a fragment) has no flags; its `kind` says what it is."""
    packet: bytes
    source: str = ""
    destination: str = ""
    protocol: int = 0
    kind: str = ""
    source_port: int = 0
    destination_port: int = 0
    seq: int = 0
    ack: int = 0
    flags: str = ""  # "SYN-ACK"
    window: int = 0
    urgent: int = 0
    options: dict = dataclasses.field(default_factory=dict)
    text: bytes = b""
    sum_is_right: bool = True

    @property
    def length(self):
        return len(self.text)

    @property
    def next_seq(self):
        """The number behind the last one it uses."""
        return (self.seq + self.length + self.has("SYN") + self.has("FIN")) % 2**32

    def has(self, flag):
        return flag in self.flags.split("-")

    def is_(self, what):
        """Whether it is what the word says: see lab.py, "Faults"."""
        if callable(what):
            return bool(what(self))
        if what == "any":
            return True
        if not self.flags:
            return what == self.kind.split()[0]
        if what in ("SYN", "SYN-ACK"):
            return self.flags == what
        if what == "ACK":
            return self.flags == "ACK" and not self.text
        if what == "data":
            return bool(self.text)
        if what in ("FIN", "RST", "PSH", "URG"):
            return self.has(what)
        raise ValueError(f"no kind of segment is called {what!r}")


def parse(packet):
    """The Segment that these octets, from the IP header on, are."""
    if packet[0] >> 4 == 4:
        start, protocol = (packet[0] & 15) * 4, packet[9]
        ends = [socket.inet_ntop(socket.AF_INET, packet[i:i + 4]) for i in (12, 16)]
        body, pseudo = packet[start:], packet[12:20]
        offset = struct.unpack("!H", packet[6:8])[0]
        if offset & 0x3FFF:
            kind = f"fragment of {KINDS.get(protocol, protocol)} at {(offset & 0x1FFF) * 8}"
            return Segment(packet, *ends, protocol, kind)
    else:
        protocol, body, pseudo = packet[6], packet[40:], packet[8:40]
        ends = [socket.inet_ntop(socket.AF_INET6, packet[i:i + 16]) for i in (8, 24)]
    if protocol not in (TCP, XTCP) or len(body) < 20:
        return other(packet, ends, protocol, body)
    ports = struct.unpack("!HHIIBBHHH", body[:20])
    header = (ports[4] >> 4) * 4
    flags = "-".join(name for name, bit in FLAGS if ports[5] & bit)
    right = not checksum(pseudo + struct.pack("!II", len(body), protocol) + body)
    return Segment(packet, *ends, protocol, "segment", *ports[:4], flags or "none", ports[6], ports[8],
                   options_of(body[20:header]), body[header:], right)


def other(packet, ends, protocol, body):
    kind = KINDS.get(protocol, f"protocol {protocol}")
    segment = Segment(packet, *ends, protocol, kind)
    if kind == "UDP":
        segment.source_port, segment.destination_port = struct.unpack("!HH", body[:4])
        segment.text = body[8:]
        segment.kind = f"UDP {len(segment.text)}"
    elif kind.startswith("ICMP"):
        segment.kind = f"{kind} type {body[0]} code {body[1]}"
    return segment


def bits_of(flags):
    return sum(bit for name, bit in FLAGS if name in flags.split("-"))


def build(protocol, source, destination, flags, seq=0, ack=0, window=65535, text=b"", options=b""):
    """The octets of a segment; source and destination are (address, port), options raw octets, a multiple of four."""
    family = socket.AF_INET6 if ":" in source[0] else socket.AF_INET
    ends = socket.inet_pton(family, source[0]) + socket.inet_pton(family, destination[0])
    header = struct.pack("!HHIIBBHHH", source[1], destination[1], seq % 2**32, ack % 2**32,
                         (20 + len(options)) // 4 << 4, bits_of(flags), window, 0, 0)
    body = header + options + text
    total = checksum(ends + struct.pack("!II", len(body), protocol) + body)
    body = body[:16] + struct.pack("!H", total) + body[18:]
    if family == socket.AF_INET6:
        return struct.pack("!IHBB", 6 << 28, len(body), protocol, 64) + ends + body
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0x4000, 64, protocol, 0) + ends
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + body


def timestamps(value, echo=0):
    """The option as octets, for build()."""
    return struct.pack("!BBBBII", 1, 1, 8, 10, value, echo)
