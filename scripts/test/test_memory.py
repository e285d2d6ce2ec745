"""What sockets hold is bounded by their buffers, however little text a segment carries, and given back."""
import os
import resource
import socket
import struct
import subprocess
import unittest

from test_ipv6 import HAS_IPV6, Sniffer, checksum
from xtcp_sockets import (PROTO, SOL_TCP, SocketTest, await_local, fill, loopback_up, recv_exactly, reset,
                          unshare_network)

PAGE = 4096
NAME = {253: "XTCP", 6: "TCP"}.get(PROTO, "?")
CACHED = 1024  # pages that CPUs may keep to themselves (1 MiB each), and that other sockets may hold


def memory():
    """Pages of all sockets of the protocol, and whether that is too much (/proc/net/protocols)."""
    with open("/proc/net/protocols", encoding="ascii") as lines:
        for line in lines:
            if line.split()[0] == NAME:
                return max(int(line.split()[3]), 0), line.split()[4] == "yes"
    raise AssertionError(f"no {NAME} in /proc/net/protocols")


def pages():
    return memory()[0]


def limit(*socks):
    """Pages that the buffers of these sockets allow; a buffer may be overdrawn by one segment."""
    size = 0
    for sock in socks:
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            size += sock.getsockopt(socket.SOL_SOCKET, option) + 65536
    return size // PAGE


class Bounded(SocketTest):
    def test_reader_who_does_not_read_single_octets(self):
        before = pages()
        client, server = self.pair()
        client.setsockopt(SOL_TCP, socket.TCP_NODELAY, 1)
        client.setblocking(False)
        sent = 0
        try:
            while sent < 40000:
                sent += client.send(bytes([sent % 251]))
        except BlockingIOError:
            pass
        self.assertLessEqual(pages() - before, limit(client, server) + CACHED)
        self.assertEqual(recv_exactly(server, sent), bytes(i % 251 for i in range(sent)))

    def test_40_senders_whose_peers_do_not_read(self):
        before = pages()
        listener = self.listener(backlog=40)
        pairs = [self.pair(listener) for _ in range(40)]
        for client, _ in pairs:
            fill(client)
        held = pages() - before
        self.assertGreater(held, 40)
        self.assertLessEqual(held, sum(limit(*pair) for pair in pairs) + CACHED)
        for client, server in pairs:
            client.close()
            server.close()
        self.eventually(lambda: pages() - before <= CACHED)


class Stranger:
    """A client of the listener, fd66::1 or 2 ..., whose segments are made by hand. What it is sent goes down a hole."""

    SYN, ACK, ISN, PORT = 2, 16, 1000, 1024
    # All pieces but the first octet, which never comes. What carries one just fits into 16 KiB.
    PIECE, PIECES = 15000, 40

    def __init__(self, number, wire, listener):
        self.source = socket.inet_pton(socket.AF_INET6, "fd66::")[:8] + struct.pack("!Q", number)
        self.wire, self.listener = wire, listener
        self.target, self.port = listener.getsockname()[:2]
        self.ack = 0

    def send(self, seq, control, options=b"", text_len=0):
        """Its text is zeros."""
        header = struct.pack("!HHIIBBHHH", self.PORT, self.port, seq, self.ack, (20 + len(options)) // 4 << 4, control,
                             65535, 0, 0) + options
        ends = self.source + socket.inet_pton(socket.AF_INET6, self.target)
        length = len(header) + text_len
        # The sum of text that is zeros is that of the header, but for the length.
        total = (~checksum(ends[:16], ends[16:], header) & 0xffff) + text_len
        total = (total & 0xffff) + (total >> 16)
        header = header[:16] + struct.pack("!H", ~total & 0xffff) + header[18:]
        packet = struct.pack("!IHBB", 6 << 28, length, PROTO, 64) + ends + header + bytes(text_len)
        self.wire.sendto(packet, (self.target, 0))

    def connect(self, sniffer):
        self.send(self.ISN, self.SYN, bytes((1, 3, 3, 7)))
        self.ack = sniffer.next(sport=self.port, target=self.source, control=self.SYN | self.ACK).seq + 1
        self.send(self.ISN + 1, self.ACK)
        return self.listener.accept()[0]

    def fill(self):
        for i in range(self.PIECES):
            self.send(self.ISN + 2 + i * self.PIECE, self.ACK, text_len=self.PIECE)


class Strangers(SocketTest):
    """Hundreds of connections full of text ahead of order want more than there is for all."""

    COUNT = 300

    def setUp(self):
        super().setUp()
        if PROTO != 253:
            self.skipTest("of xtcp only")
        if os.geteuid() or not HAS_IPV6:
            self.skipTest("needs root and IPv6")
        if os.sysconf("SC_PHYS_PAGES") * PAGE > 1200 << 20:
            self.skipTest("so much memory takes too long to fill")

    def strangers(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 4096))
        wire = self.keep(socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW))
        listener = self.keep(socket.socket(socket.AF_INET6, socket.SOCK_STREAM, PROTO))
        listener.setsockopt(socket.SOL_SOCKET, 33, 1 << 20)  # SO_RCVBUFFORCE
        listener.bind(("fd67::1", 0))
        listener.listen()
        sniffer = Sniffer("hole")
        self.addCleanup(sniffer.socket.close)
        strangers = [Stranger(number, wire, listener) for number in range(1, self.COUNT + 1)]
        return strangers, [self.keep(stranger.connect(sniffer)) for stranger in strangers]

    def test_honest_ones_go_on(self):
        self.in_child(self.honest_ones_go_on)

    def honest_ones_go_on(self):
        unshare_network()
        loopback_up()
        for words in ("link add hole type dummy", "link set hole up", "addr add fd67::1/64 dev hole nodad",
                      "route add fd66::/64 dev hole"):
            subprocess.run(["ip", *words.split()], check=True)
        await_local("fd67::1")
        listener = self.listener()
        pair = self.pair(listener)
        before = pages()
        strangers, servers = self.strangers()
        for _ in range(3):
            for stranger in strangers:
                stranger.fill()
            peak, scarce = memory()
            self.assertTrue(scarce)
            self.assert_streams(*pair)
            self.assert_streams(*self.pair(listener))
        # They still want it, but those who need it have it.
        self.eventually(lambda: pages() < peak / 2)
        self.assert_talking(*pair)
        self.assertFalse(memory()[1])
        for server in servers:
            reset(server)
        self.eventually(lambda: pages() - before <= CACHED)

    def assert_streams(self, one, other):
        for sender, receiver in ((one, other), (other, one)):
            for i in range(20):
                text = bytes([i]) * 5000
                sender.sendall(text)
                self.assertEqual(recv_exactly(receiver, len(text)), text)


if __name__ == "__main__":
    unittest.main()
