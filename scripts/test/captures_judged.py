#!/usr/bin/env python3
"""Hold captures.sh against captures whose checksums are known: it must take the right ones and no other.

A sum of 0 may be written as 0xFFFF, the other zero of ones' complement: the kernel does so where it sums for a device
(skb_checksum_help), in about one of 65,536 segments. It is as right as 0, though tshark calls it bad.
"""
import pathlib
import struct
import subprocess
import sys
import tempfile

from checksums import checksum

HERE = pathlib.Path(__file__).resolve().parent


def tcp(addresses, protocol, sequence, check):
    header = struct.pack("!HHIIBBHHH", 1000, 2000, sequence, 0, 0x50, 2, 1000, 0, 0)
    right = checksum(addresses + struct.pack("!2I", len(header), protocol) + header)
    if check is None:
        check = right
    elif check == 0xFFFF and right != 0:
        return None
    return header[:16] + struct.pack("!H", check) + header[18:]


def frame(ipv6, protocol, segment):
    if ipv6:
        header = struct.pack("!IHBB", 6 << 28, len(segment), protocol, 64) + bytes(range(32))
    else:
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 1, 0, 64, protocol, 0) + bytes(range(8))
        header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return bytes(12) + (b"\x86\xdd" if ipv6 else b"\x08\0") + header + segment


def capture(path, check):
    """One SYN a family and protocol, with @check in it, or the right sum; 0xFFFF only where the sum is 0."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for ipv6 in (False, True):
            for protocol in (6, 253):
                addresses = bytes(range(32 if ipv6 else 8))
                segment = next(filter(None, (tcp(addresses, protocol, n, check) for n in range(1 << 17))))
                whole = frame(ipv6, protocol, segment)
                file.write(struct.pack("<IIII", 0, 0, len(whole), len(whole)) + whole)


def main():
    wanted = {"right": (None, "ok"), "other-zero": (0xFFFF, "ok"), "wrong": (0x1234, "not ok")}
    failed = 0
    for name, (check, verdict) in wanted.items():
        with tempfile.TemporaryDirectory() as directory:
            capture(f"{directory}/{name}.pcap", check)
            said = subprocess.run([HERE / "captures.sh", directory], capture_output=True, text=True,
                                  check=False).stdout
        if not said.startswith(verdict + " "):
            failed = 1
            print(f"{name}: should be {verdict}, but captures.sh says:\n{said}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
