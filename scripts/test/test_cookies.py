"""SYN cookies: connections by cookie, and honest clients in a flood of SYNs that comes from another namespace."""
import contextlib
import itertools
import os
import pathlib
import socket
import struct
import subprocess
import unittest

from xtcp_sockets import PROTO, SocketTest, Task, loopback_up, recv_exactly, unshare_network

SOL_XTCP, WIRE_PROTOCOL = 253, 9
SYN = 2
COUNTERS = pathlib.Path("/proc/net/xtcp_netstat")
SOCKSTAT = pathlib.Path("/proc/net/xtcp_sockstat")


def counters():
    names, values = (line.split()[1:] for line in COUNTERS.read_text(encoding="ascii").splitlines()[-2:])
    return {name.removeprefix("Xtcp"): int(value) for name, value in zip(names, values)}


def half_open():
    words = SOCKSTAT.read_text(encoding="ascii").split()
    return int(words[words.index("halfopen") + 1])


class CookieTest(SocketTest):
    def setUp(self):
        if PROTO != 253:
            self.skipTest("of xtcp only")
        super().setUp()


class Always(CookieTest):
    """syncookies 2: nobody gets a request."""

    def setUp(self):
        super().setUp()
        self.sysctl("net/xtcp/syncookies", 2)

    @contextlib.contextmanager
    def cookies(self, count):
        """The block opens so many connections, each by a cookie and none by a request."""
        before = counters()
        yield
        after = counters()
        grown = [after[name] - before[name] for name in ("SyncookiesSent", "SyncookiesRecv", "Requests")]
        self.assertEqual(grown[1:], [count, 0])
        self.assertGreaterEqual(grown[0], count)

    def assert_streams(self, one, other):
        """A megabyte each way."""
        text = os.urandom(1 << 20)
        for sender, receiver in ((one, other), (other, one)):
            task = Task(sender.sendall, text)
            self.assertEqual(recv_exactly(receiver, len(text)), text)
            task.result()

    def test_both_families(self):
        for family, host, client_host in ((socket.AF_INET, "127.0.0.1", "127.0.0.1"),
                                          (socket.AF_INET6, "::1", "::1"),
                                          (socket.AF_INET6, "::", "::ffff:127.0.0.1")):
            with self.subTest(host=client_host), self.cookies(1):
                listener, client = (self.keep(socket.socket(family, socket.SOCK_STREAM, PROTO)) for _ in range(2))
                listener.bind((host, 0))
                listener.listen()
                client.connect((client_host, listener.getsockname()[1]))
                server = self.accept(listener)
                self.assertEqual(server.getpeername(), client.getsockname())
                self.assertEqual(server.getsockname(), client.getpeername())
                self.assert_streams(client, server)

    def test_window_scale_needs_timestamps(self):
        wscale = 4  # TCPI_OPT_WSCALE
        for timestamps in (1, 0):
            self.sysctl("net/xtcp/timestamps", timestamps)
            with self.cookies(1):
                for sock in self.pair():
                    self.assertEqual(bool(sock.getsockopt(6, socket.TCP_INFO, 8)[5] & wscale), bool(timestamps))

    def test_the_kernels_tcp_as_client(self):
        """By protocol 6, with ever fewer options."""
        for knob in (None, "tcp_sack", "tcp_timestamps", "tcp_window_scaling"):
            if knob:
                self.sysctl("net/ipv4/" + knob, 0)
            with self.subTest(without=knob), self.cookies(1):
                listener = self.socket()
                listener.setsockopt(SOL_XTCP, WIRE_PROTOCOL, 6)
                listener.bind(("127.0.0.1", 0))
                listener.listen()
                client = self.keep(socket.socket())
                client.connect(listener.getsockname())
                self.assert_streams(client, self.accept(listener))

    def test_reuseport_group(self):
        """A cookie is good with whoever of the group gets the third segment."""
        listeners = [self.listener(reuseport=True)]
        port = listeners[0].getsockname()[1]
        listeners += [self.listener(port=port, reuseport=True) for _ in range(3)]
        with self.cookies(40):
            clients = [self.connected(listeners[0]) for _ in range(40)]
            for client in clients:
                client.sendall(b"x")
            names = []
            for listener in listeners:
                listener.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        names.append(self.keep(listener.accept()[0]).getpeername())
        self.assertEqual(sorted(names), sorted(client.getsockname() for client in clients))

    def test_nothing_saved_of_the_syn(self):
        listener = self.listener()
        listener.setsockopt(6, 27, 1)  # TCP_SAVE_SYN
        with self.cookies(1):
            _, server = self.pair(listener)
        self.assertEqual(server.getsockopt(6, 28, 100), b"")


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff


def spoofed_syn(number, dest, port):
    """A SYN with all options from an address of 10.66.0.0/16, which nobody has."""
    ends = struct.pack("!BBH", 10, 66, number & 0xffff) + socket.inet_aton(dest)
    options = struct.pack("!BBHBBBBIIBBBB", 2, 4, 1460, 4, 2, 8, 10, number, 0, 1, 3, 3, 7)
    header = struct.pack("!HHIIBBHHH", 1024 + number, port, number * 77777 & 0xffffffff, 0, 10 << 4, SYN, 64240, 0, 0)
    segment = bytearray(header + options)
    struct.pack_into("!H", segment, 16, checksum(ends + struct.pack("!HH", PROTO, len(segment)) + segment))
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, PROTO, 0) + ends + segment


def ip(*args):
    subprocess.run(("ip", *args), check=True)


class Flood(CookieTest):
    """
    ::

       the flood and the clients          the server
       10.9.8.2 vb ------------- veth ------------- va 10.9.8.1   (way back to 10.66.0.0/16)
    """

    HERE, THERE, PORT = "10.9.8.1", "10.9.8.2", 80
    LIMIT, CLIENTS, SYNS = 64, 20, 2000

    def setUp(self):
        super().setUp()
        if os.geteuid():
            self.skipTest("needs root")
        self.ready, self.go = os.pipe(), os.pipe()

    def flood(self):
        packets = [spoofed_syn(i, self.HERE, self.PORT) for i in range(self.SYNS)]
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as wire:
            for i, packet in enumerate(itertools.cycle(packets)):
                with contextlib.suppress(OSError):  # a queue is full
                    wire.sendto(packet, (self.HERE, 0))
                if i == len(packets):
                    os.write(self.ready[1], b"x")

    def other_side(self):
        unshare_network()
        loopback_up()
        os.write(self.ready[1], b"x")
        os.read(self.go[0], 1)
        ip("addr", "add", self.THERE + "/24", "dev", "vb")
        ip("link", "set", "vb", "up")
        flood = self.child(self.flood)
        os.read(self.go[0], 1)
        for i in range(self.CLIENTS):
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM, PROTO) as client:
                client.connect((self.HERE, self.PORT))
                client.sendall(bytes([i]) * 5000)
                self.assertEqual(recv_exactly(client, 5000), bytes([i]) * 5000)
        flood.kill()

    def cable(self, peer):
        os.read(self.ready[0], 1)
        ip("link", "add", "va", "type", "veth", "peer", "name", "vb", "netns", str(peer.pid))
        ip("addr", "add", self.HERE + "/24", "dev", "va")
        ip("link", "set", "va", "up")
        ip("route", "add", "10.66.0.0/16", "via", self.THERE)
        os.write(self.go[1], b"x")

    def serve(self, syncookies):
        """Gives the most half-open connections there ever were, after a look at each client."""
        most = 0
        unshare_network()
        loopback_up()
        self.write_file("/proc/sys/net/xtcp/max_syn_backlog", self.LIMIT)
        self.write_file("/proc/sys/net/xtcp/syncookies", syncookies)
        listener = self.listener(host="0.0.0.0", port=self.PORT, backlog=self.LIMIT)
        peer = self.child(self.other_side)
        self.cable(peer)
        os.read(self.ready[0], 1)
        self.assertEqual(half_open(), self.LIMIT)
        os.write(self.go[1], b"x")
        for _ in range(self.CLIENTS):
            server = self.accept(listener)
            server.sendall(recv_exactly(server, 5000))
            most = max(most, half_open())
        peer.result()
        return most

    def test_honest_clients_connect(self):
        def run():
            most = self.serve(syncookies=1)
            seen = counters()
            self.assertLessEqual(most, self.LIMIT)
            # All that ever was allocated for half-open connections is what fills the queue once.
            self.assertEqual(seen["Requests"], self.LIMIT)
            self.assertEqual(seen["SyncookiesRecv"], self.CLIENTS)
            self.assertEqual(seen["PassiveOpens"], self.CLIENTS)
            self.assertGreaterEqual(seen["SyncookiesSent"], self.SYNS - self.LIMIT + self.CLIENTS)
        self.in_child(run)


if __name__ == "__main__":
    unittest.main()
