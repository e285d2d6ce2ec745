"""VRFs with the same addresses in each: who hears whom, and by which of them answers leave.

::

    host 0  10.8.0.1, fd08::1 ---- veth ---- red   10.8.0.2, fd08::2  host 2, with two VRFs
    host 1  10.8.0.1, fd08::1 ---- veth ---- blue  10.8.0.2, fd08::2
"""
import contextlib
import errno
import functools
import os
import socket
import time
import unittest

from two_hosts import Host, run
from xtcp_sockets import LAST_ACK, PATIENCE, PROTO, SocketTest, await_local, recv_exactly

THERE = {socket.AF_INET: ("10.8.0.1", "10.8.0.2"), socket.AF_INET6: ("fd08::1", "fd08::2")}
VRFS = {0: "red", 1: "blue"}
L3MDEV_ACCEPT = "ipv4/tcp_l3mdev_accept" if PROTO == 6 else "xtcp/l3mdev_accept"
ROWS = ("/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6") if PROTO == 6 else \
    ("/proc/thread-self/net/xtcp", "/proc/thread-self/net/xtcp6")
PORT, CLIENT_PORT, CLOSED_PORT = 80, 5000, 81


def states():
    """Of the connections of the namespace this thread is in."""
    found = []
    for path in ROWS:
        with contextlib.suppress(FileNotFoundError), open(path, encoding="ascii") as rows:
            found += [int(row.split()[3], 16) for row in rows.readlines()[1:]]
    return found


def in_both_families(test):
    @functools.wraps(test)
    def run_it(self):
        for family in THERE:
            with self.subTest(family=family.name):
                test(self, family)
    return run_it


class Vrfs(SocketTest):
    @classmethod
    def setUpClass(cls):
        if os.geteuid():
            raise unittest.SkipTest("needs root")
        cls.hosts = []
        cls.addClassCleanup(cls.remove)
        cls.hosts += [Host(number) for number in range(3)]
        for number, vrf in VRFS.items():
            cls.connect_vrf(number, vrf)
        for host in cls.hosts:
            host.run("ip link set lo up")
        for number in VRFS:
            with cls.hosts[number]:
                await_local(THERE[socket.AF_INET6][0])
        cls.await_carrier()

    @classmethod
    def connect_vrf(cls, number, vrf):
        try:
            cls.hosts[2].run(f"ip link add {vrf} type vrf table {10 + number}")
        except RuntimeError as error:
            raise unittest.SkipTest(f"no VRFs: {error}")
        run(f"ip link add there netns oracle{number} type veth peer name to_{vrf} netns oracle2")
        cls.hosts[2].run(f"ip link set {vrf} up; ip link set to_{vrf} master {vrf}")
        for host, device, end in ((cls.hosts[number], "there", 0), (cls.hosts[2], "to_" + vrf, 1)):
            host.run(f"ip addr add {THERE[socket.AF_INET][end]}/24 dev {device}; "
                     f"ip addr add {THERE[socket.AF_INET6][end]}/64 dev {device} nodad; ip link set {device} up")

    @classmethod
    def await_carrier(cls):
        end = time.monotonic() + PATIENCE
        for number, vrf in VRFS.items():
            while "LOWER_UP" not in cls.hosts[2].run(f"ip link show to_{vrf}") or \
                    "LOWER_UP" not in cls.hosts[number].run("ip link show there"):
                if time.monotonic() > end:
                    raise TimeoutError("no carrier")
                time.sleep(0.01)

    @classmethod
    def remove(cls):
        for host in cls.hosts:
            host.remove()

    def l3mdev_accept(self, value):
        self.addCleanup(self.hosts[2].sysctl, L3MDEV_ACCEPT, self.hosts[2].sysctl(L3MDEV_ACCEPT, value))

    def made(self, host, family, port=0, device=None):
        """A socket of that host, at its address and port, if it has a port; at all where its addresses are in VRFs."""
        with self.hosts[host]:
            sock = self.keep(socket.socket(family, socket.SOCK_STREAM, PROTO))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if device:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        if port:
            sock.bind(("" if host == 2 and not device else THERE[family][host == 2], port))
        return sock

    def listening(self, host, family, device=None, port=PORT):
        sock = self.made(host, family, port, device)
        sock.listen()
        return sock

    def connected(self, host, family, port=PORT, device=None):  # pylint: disable=arguments-differ
        """From the same port in each VRF."""
        sock = self.made(host, family, CLIENT_PORT, device)
        sock.connect((THERE[family][host != 2], port))
        return sock

    def end(self, *socks):
        """Without a TIME_WAIT, and before the next family."""
        for sock in socks:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.close()

    def assert_hears(self, one, other, name):
        """And nothing that another one said."""
        for sender, receiver in ((one, other), (other, one)):
            sender.sendall(name.encode())
            self.assertEqual(recv_exactly(receiver, len(name)), name.encode())

    def assert_apart(self, pairs):
        for vrf, pair in pairs.items():
            self.assert_hears(*pair, vrf)
            self.assert_hears(*pair, vrf + " again")

    @in_both_families
    def test_same_connection_in_both(self, family):
        listeners = {vrf: self.listening(2, family, vrf) for vrf in VRFS.values()}
        pairs = {}
        for number, vrf in VRFS.items():
            client = self.connected(number, family)
            pairs[vrf] = client, self.accept(listeners[vrf])
        self.assert_apart(pairs)
        self.end(*listeners.values(), *sum(pairs.values(), ()))

    @in_both_families
    def test_same_connection_of_clients_in_both(self, family):
        listeners = {number: self.listening(number, family) for number in VRFS}
        pairs = {}
        for number, vrf in VRFS.items():
            client = self.connected(2, family, device=vrf)
            pairs[vrf] = client, self.accept(listeners[number])
        self.assert_apart(pairs)
        self.end(*listeners.values(), *sum(pairs.values(), ()))

    @in_both_families
    def test_listener_of_none_is_reached_by_none(self, family):
        self.l3mdev_accept(0)
        listener = self.listening(2, family)
        for number in VRFS:
            with self.raises(errno.ECONNREFUSED):
                self.connected(number, family)
        self.end(listener)

    @in_both_families
    def test_listener_of_none_is_reached_by_all(self, family):
        """With the knob; and whom it accepts belongs to the VRF."""
        self.l3mdev_accept(1)
        listener = self.listening(2, family)
        pairs = {}
        for number, vrf in VRFS.items():
            client = self.connected(number, family)
            pairs[vrf] = client, self.accept(listener)
            device = pairs[vrf][1].getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
            self.assertEqual(device.rstrip(b"\0").decode(), vrf)
        self.assert_apart(pairs)
        self.end(listener, *sum(pairs.values(), ()))

    @in_both_families
    def test_listeners_of_one_and_of_none(self, family):
        """On one port, unless both are for that VRF."""
        self.l3mdev_accept(0)
        red, none = self.listening(2, family, "red"), self.listening(2, family)
        with self.raises(errno.ECONNREFUSED):
            self.connected(1, family)
        client = self.connected(0, family)
        server = self.accept(red)
        self.assert_talking(client, server)
        self.end(none, client, server)
        self.l3mdev_accept(1)
        with self.raises(errno.EADDRINUSE):
            self.listening(2, family)
        self.end(red)

    @in_both_families
    def test_segments_of_another_do_not_reach_a_connection(self, family):
        """A SYN of the same addresses and ports would be answered by its ACK; it is refused, the right way."""
        listener = self.listening(2, family, "red")
        client = self.connected(0, family)
        server = self.accept(listener)
        with self.raises(errno.ECONNREFUSED):
            self.connected(1, family)
        self.assert_talking(client, server)
        self.end(listener, client, server)

    @in_both_families
    def test_reset_finds_the_way_back(self, family):
        for number in VRFS:
            with self.raises(errno.ECONNREFUSED):
                self.connected(number, family, CLOSED_PORT)

    @in_both_families
    def test_reset_for_text_finds_the_way_back(self, family):
        """Of a connection that is gone without a word."""
        listener = self.listening(2, family, "blue")
        client = self.connected(1, family)
        server = self.accept(listener)
        with self.hosts[1].losing("iif there"):
            self.end(server)
            self.hosts[1].await_drops(1)
        client.sendall(b"anyone?")
        with self.raises(errno.ECONNRESET):
            client.recv(1)
        self.end(listener, client)

    @in_both_families
    def test_time_wait_answers_by_its_vrf(self, family):
        for number, vrf in VRFS.items():
            listener = self.listening(2, family, vrf)
            client = self.connected(number, family)
            server = self.accept(listener)
            server.close()
            self.assertEqual(client.recv(1), b"")
            with self.hosts[number].losing("iif there"):
                client.close()
                self.hosts[number].await_drops(1)
                self.assertIn(LAST_ACK, self.states_of(number))
            self.eventually(lambda number=number: LAST_ACK in self.states_of(number), False)
            self.end(listener)

    def states_of(self, number):
        with self.hosts[number]:
            return states()


if __name__ == "__main__":
    unittest.main()
