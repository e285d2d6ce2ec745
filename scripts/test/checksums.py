#!/usr/bin/env python3
"""Verify the checksums of every TCP (6) and xtcp (253) segment in a capture, and of the IPv4 headers around them.

  checksums.py FILE.pcap

Ends with 1 if one is wrong, or if there is no segment at all. The pseudo header holds the packet's own protocol number.
"""

import struct
import sys

PROTOCOLS = (6, 253)
ETH_IPV4, ETH_IPV6 = 0x0800, 0x86DD


def checksum(data):
    """The Internet checksum; 0 over data that holds a right one."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packets(path):
    """Ethernet frames of a classic pcap file."""
    with open(path, "rb") as file:
        header = file.read(24)
        order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}.get(header[:4])
        if order is None:
            sys.exit(f"{path}: not a capture of microseconds in pcap format")
        if struct.unpack(order + "I", header[20:24])[0] != 1:
            sys.exit(f"{path}: not Ethernet")
        while record := file.read(16):
            _, _, length, original = struct.unpack(order + "4I", record)
            if length != original:
                sys.exit(f"{path}: holds truncated packets")
            yield file.read(length)


def segment(frame):
    """(problems, protocol or None if it is no segment, segment with pseudo header) of a frame."""
    kind = struct.unpack("!H", frame[12:14])[0]
    ip = frame[14:]
    if kind == ETH_IPV4:
        header = (ip[0] & 15) * 4
        length, protocol = struct.unpack("!H", ip[2:4])[0], ip[9]
        if protocol not in PROTOCOLS:
            return [], None, b""
        problems = ["IPv4 header checksum"] if checksum(ip[:header]) else []
        if struct.unpack("!H", ip[6:8])[0] & 0x3FFF:
            problems.append("fragmented")
        data, addresses = ip[header:length], ip[12:20]
    elif kind == ETH_IPV6 and ip[6] in PROTOCOLS:
        length, protocol, problems = struct.unpack("!H", ip[4:6])[0], ip[6], []
        data, addresses = ip[40:40 + length], ip[8:40]
    else:
        return [], None, b""
    if len(data) < 20 or (data[12] >> 4) * 4 not in range(20, len(data) + 1):
        problems.append("data offset")
    return problems, protocol, addresses + struct.pack("!2I", len(data), protocol) + data


def main(path):
    seen = {protocol: 0 for protocol in PROTOCOLS}
    bad = 0
    for number, frame in enumerate(packets(path), 1):
        problems, protocol, data = segment(frame)
        if protocol is None:
            continue
        seen[protocol] += 1
        if checksum(data):
            problems.append("checksum")
        if problems:
            bad += 1
            print(f"packet {number}: wrong {', '.join(problems)}")
    print(", ".join(f"protocol {p}: {n} segments" for p, n in seen.items()) + f", {bad} bad")
    return 1 if bad or not any(seen.values()) else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
