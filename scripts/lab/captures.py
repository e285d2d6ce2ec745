"""What went over the cable as captures (pcap, Ethernet: a header is made for tools that want one)."""
import struct

ADDRESSES = {"client": b"\x02\0\0\0\0\1", "server": b"\x02\0\0\0\0\2"}


class Pcap:
    """A file of packets in the order of their times, which start at noon of 2026-01-01, UTC."""

    epoch_s = 1767268800

    def __init__(self, path):
        self.file = open(path, "wb")
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, 1))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, ns, sender, packet):
        receiver = "server" if sender == "client" else "client"
        kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0"
        frame = ADDRESSES[receiver] + ADDRESSES[sender] + kind + packet
        when = self.epoch_s + ns // 10**9, ns // 1000 % 10**6
        self.file.write(struct.pack("<IIII", *when, len(frame), len(frame)) + frame)

    def write_sent(self, trips):
        """What sockets sent, whatever became of it."""
        for trip in trips:
            if not trip.injected:
                self.write(trip.at_ns, trip.sender, trip.segment.packet)


def write_end(path, side, trips, zero_ns):
    """What one end sees: what it sends when it does, what comes when that does."""
    seen = []
    for trip in trips:
        if trip.sender != side:
            seen += [(ns, trip) for ns in trip.arrivals_ns]
        elif not trip.injected:
            seen.append((trip.at_ns, trip))
    with Pcap(path) as file:
        for ns, trip in sorted(seen, key=lambda one: one[0]):
            file.write(ns - zero_ns, trip.sender, trip.segment.packet)
