"""SYN cookies: connections by cookie, and honest clients in a flood of SYNs that comes from another namespace."""
import contextlib
import itertools
import os
import pathlib
import socket
import struct
import subprocess
import time
import unittest

from xtcp_sockets import (CLOCK, PATIENCE, PROTO, SocketTest, Task, await_local, loopback_up, recv_exactly, set_timeout,
                          unshare_network)

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


def requests_in_memory():
    """Objects of slabs; 0 where those of xtcp cannot be told from others (boot with slab_nomerge)."""
    # What is free counts as in use while a CPU, or KASAN, keeps it: shrinking takes it from them.
    for cache in pathlib.Path("/sys/kernel/slab").glob("xtcp_request*"):
        (cache / "shrink").write_text("1", encoding="ascii")
    lines = pathlib.Path("/proc/slabinfo").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("xtcp_request"))


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


def spoofed_syn(family, number, dest, port):
    """A SYN with all options from an address of 10.66.0.0/16 or fd66::/64, which nobody has."""
    source = struct.pack("!BBH", 10, 66, number & 0xffff) if family == socket.AF_INET else \
        socket.inet_pton(family, "fd66::")[:8] + struct.pack("!Q", number)
    ends = source + socket.inet_pton(family, dest)
    options = struct.pack("!BBHBBBBIIBBBB", 2, 4, 1460, 4, 2, 8, 10, number, 0, 1, 3, 3, 7)
    header = struct.pack("!HHIIBBHHH", 1024 + number, port, number * 77777 & 0xffffffff, 0, 10 << 4, SYN, 64240, 0, 0)
    segment = bytearray(header + options)
    struct.pack_into("!H", segment, 16, checksum(ends + struct.pack("!HH", PROTO, len(segment)) + segment))
    if family == socket.AF_INET:
        return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, PROTO, 0) + ends + segment
    return struct.pack("!IHBB", 6 << 28, len(segment), PROTO, 64) + ends + segment


def ip(*args):
    subprocess.run(("ip", *args), check=True)


class Flood(CookieTest):
    """
    ::

       the flood and the clients          the server
       10.9.8.2 vb ------------- veth ------------- va 10.9.8.1   (way back to 10.66.0.0/16)
       fd98::2                                         fd98::1    (way back to fd66::/64)
    """

    ENDS = {socket.AF_INET: ("10.9.8.1", "10.9.8.2"), socket.AF_INET6: ("fd98::1", "fd98::2")}
    PORT, LIMIT, CLIENTS, SYNS = 80, 64, 20, 2000

    def setUp(self):
        super().setUp()
        if os.geteuid():
            self.skipTest("needs root")
        if CLOCK == "counted":
            self.skipTest("one CPU of counted instructions: the flood is all that it does")
        self.ready, self.go = os.pipe(), os.pipe()

    def flood(self, family, here):
        packets = [spoofed_syn(family, i, here, self.PORT) for i in range(self.SYNS)]
        with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as wire:
            for number, packet in enumerate(itertools.cycle(packets)):
                if number % 100 == 0:
                    time.sleep(0.01)  # in virtual time nobody else ever comes to run otherwise
                with contextlib.suppress(OSError):  # a queue is full, or the cable is not there yet
                    wire.sendto(packet, (here, 0))

    @staticmethod
    def plug_in(device, *addresses):
        for address, length in zip(addresses, ("/24", "/64")):
            ip("addr", "add", address + length, "dev", device, *["nodad"] * (length == "/64"))
        ip("link", "set", device, "up")
        await_local(addresses[1])

    def other_side(self, family):
        here = self.ENDS[family][0]
        unshare_network()
        loopback_up()
        os.write(self.ready[1], b"x")
        os.read(self.go[0], 1)
        self.plug_in("vb", *(there for _, there in self.ENDS.values()))
        ip("route", "add", "blackhole", "fd66::/64")  # else who is not there is reported as unreachable
        flood = self.child(lambda: self.flood(family, here))
        os.read(self.go[0], 1)
        for i in range(self.CLIENTS):
            with socket.socket(family, socket.SOCK_STREAM, PROTO) as client:
                client.connect((here, self.PORT))
                client.sendall(bytes([i]) * 5000)
                self.assertEqual(recv_exactly(client, 5000), bytes([i]) * 5000)
        flood.kill()

    def cable(self, peer):
        os.read(self.ready[0], 1)
        ip("link", "add", "va", "type", "veth", "peer", "name", "vb", "netns", str(peer.pid))
        self.plug_in("va", *(here for here, _ in self.ENDS.values()))
        for route, (_, there) in zip(("10.66.0.0/16", "fd66::/64"), self.ENDS.values()):
            ip("route", "add", route, "via", there)
        os.write(self.go[1], b"x")

    def serve(self, family, syncookies, sign):
        """
        Gives the most half-open connections there ever were, after a look at each client. By @sign, a
        counter, the flood is seen to be more than the queue holds.
        """
        most = 0
        unshare_network()
        loopback_up()
        self.write_file("/proc/sys/net/xtcp/max_syn_backlog", self.LIMIT)
        self.write_file("/proc/sys/net/xtcp/syncookies", syncookies)
        self.write_file("/proc/sys/net/xtcp/synack_retries", 10)  # none of them gives up while we look
        listener = self.keep(socket.socket(family, socket.SOCK_STREAM, PROTO))
        set_timeout(listener, socket.SO_RCVTIMEO, PATIENCE)
        listener.bind(("", self.PORT))
        listener.listen(self.LIMIT)
        peer = self.child(lambda: self.other_side(family))
        self.cable(peer)
        self.eventually(lambda: counters()[sign] > self.SYNS)
        self.assertEqual(half_open(), self.LIMIT)
        os.write(self.go[1], b"x")
        try:
            for _ in range(self.CLIENTS):
                server = self.accept(listener)
                server.sendall(recv_exactly(server, 5000))
                most = max(most, half_open())
                if syncookies:
                    self.assertLess(requests_in_memory(), 2 * self.LIMIT)
        except BlockingIOError:
            peer.result()  # it may know why nobody comes
            raise
        peer.result()
        return most

    def honest_clients_connect(self, family):
        def run():
            most = self.serve(family, 1, "SyncookiesSent")
            seen = counters()
            self.assertLessEqual(most, self.LIMIT)
            # All that ever was allocated for half-open connections is what fills the queue once.
            self.assertEqual(seen["Requests"], self.LIMIT)
            self.assertEqual(seen["SyncookiesRecv"], self.CLIENTS)
            self.assertEqual(seen["PassiveOpens"], self.CLIENTS)
            self.assertGreaterEqual(seen["SyncookiesSent"], self.SYNS + self.CLIENTS)
        self.in_child(run)

    def test_ipv4(self):
        self.honest_clients_connect(socket.AF_INET)

    def test_ipv6(self):
        self.honest_clients_connect(socket.AF_INET6)

    def honest_clients_connect_without(self, family):
        """No cookies: the oldest in the queue make room, and a client's round trip is short."""
        def run():
            most = self.serve(family, 0, "RequestEvicted")
            seen = counters()
            self.assertLessEqual(most, self.LIMIT)
            self.assertEqual(seen["SyncookiesSent"], 0)
            self.assertEqual(seen["PassiveOpens"], self.CLIENTS)
        self.in_child(run)

    def test_ipv4_without_cookies(self):
        self.honest_clients_connect_without(socket.AF_INET)

    def test_ipv6_without_cookies(self):
        self.honest_clients_connect_without(socket.AF_INET6)


if __name__ == "__main__":
    unittest.main()
