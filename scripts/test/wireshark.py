#!/usr/bin/env python3
"""
Hold the plugin for Wireshark against captures whose checksums are known: tshark must decode protocol 253 as TCP, call
the right sums right and the wrong ones wrong, and judge nothing that it cannot.
"""
import pathlib
import struct
import subprocess
import sys
import tempfile

from captures_judged import capture, frame
from checksums import checksum

PLUGIN = pathlib.Path(__file__).resolve().parent.parent / "wireshark/xtcp.lua"
FIELDS = ("tcp.srcport", "tcp.len", "xtcp.checksum.status")


def tshark(path, *options):
    """The fields of each packet of protocol 253, and what expert severity there is."""
    command = ["tshark", "-X", f"lua_script:{PLUGIN}", "-r", path, "-Y", "xtcp", "-T", "fields", *options]
    command += [word for field in FIELDS for word in ("-e", field)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


def with_text(path, text, cut=0, flip=0):
    """A segment of text a family, `cut` octets of it not captured, `flip` in the sum's last octet."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for ipv6 in (False, True):
            addresses = bytes(range(32 if ipv6 else 8))
            segment = struct.pack("!HHIIBBHHH", 1000, 2000, 7, 8, 0x50, 0x18, 1000, 0, 0) + text
            right = checksum(addresses + struct.pack("!2I", len(segment), 253) + segment)
            segment = segment[:16] + struct.pack("!H", right ^ flip) + segment[18:]
            whole = frame(ipv6, 253, segment)
            file.write(struct.pack("<IIII", 0, 0, len(whole) - cut, len(whole)) + whole[:len(whole) - cut])


def cases(path):
    """(what, packets as tshark has them, as they should be)"""
    for name, check, status in (("right", None, "Good"), ("the other zero", 0xFFFF, "Good"), ("wrong", 0x1234, "Bad")):
        capture(path, check)
        yield name, tshark(path), [("1000", "0", status)] * 2
    for length in (1, 2, 1001):
        with_text(path, b"\xa5" * length)
        yield f"{length} octets of text", tshark(path), [("1000", str(length), "Good")] * 2
    with_text(path, b"odd", flip=1)
    yield "a bit is wrong", tshark(path), [("1000", "3", "Bad")] * 2
    with_text(path, b"text" * 10, cut=8)
    yield "not all captured", tshark(path), [("1000", "40", "Unverified")] * 2


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        for what, found, wanted in cases(f"{directory}/capture.pcap"):
            if found != wanted:
                failed = 1
                print(f"{what}: should be {wanted}, but tshark says {found}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
