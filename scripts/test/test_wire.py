"""Protocol 6 on the wire: ports that two stacks share, what the hooks take and what they leave (test_oracle.py: do they understand each other)."""
import errno
import pathlib
import socket
import subprocess
import unittest

from xtcp_sockets import PROTO, SocketTest, loopback_up, unshare_network

SOL_XTCP, WIRE_PROTOCOL = 253, 9
FAMILIES = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
KNOBS = pathlib.Path("/proc/sys/net/xtcp")


class WireTest(SocketTest):
    def setUp(self):
        if PROTO != 253:
            self.skipTest("of xtcp only")
        super().setUp()

    def xtcp(self, family=socket.AF_INET):
        sock = self.keep(socket.socket(family, socket.SOCK_STREAM, 253))
        sock.setsockopt(SOL_XTCP, WIRE_PROTOCOL, 6)
        return sock

    def tcp(self, family=socket.AF_INET):
        return self.keep(socket.socket(family, socket.SOCK_STREAM))

    def listener_of(self, make, family=socket.AF_INET, backlog=16):
        listener = make(family)
        listener.bind((FAMILIES[family], 0))
        listener.listen(backlog)
        return listener

    def both_ways(self, families=tuple(FAMILIES)):
        """Every (client, server) of one connection between the two stacks; the client connects."""
        for family in families:
            for make_client, make_server in ((self.xtcp, self.tcp), (self.tcp, self.xtcp), (self.xtcp, self.xtcp)):
                with self.subTest(family=family.name, client=make_client.__name__, server=make_server.__name__):
                    listener = self.listener_of(make_server, family)
                    client = make_client(family)
                    client.connect(listener.getsockname())
                    server = self.accept(listener)
                    listener.close()
                    yield client, server


class Option(WireTest):
    def test_default_is_the_knob(self):
        sock = self.keep(socket.socket(socket.AF_INET, socket.SOCK_STREAM, 253))
        self.assertEqual(sock.getsockopt(SOL_XTCP, WIRE_PROTOCOL), 253)
        self.sysctl("net/xtcp/wire_protocol", 6)
        self.assertEqual(sock.getsockopt(SOL_XTCP, WIRE_PROTOCOL), 6)

    def test_only_6_and_253(self):
        for bad in (0, 5, 7, 17, 252, 254):
            with self.raises(errno.EINVAL):
                self.xtcp().setsockopt(SOL_XTCP, WIRE_PROTOCOL, bad)
            with self.raises(errno.EINVAL):
                self.write_file(str(KNOBS / "wire_protocol"), bad)

    def test_not_once_it_has_a_port(self):
        sock = self.xtcp()
        sock.bind((FAMILIES[socket.AF_INET], 0))
        with self.raises(errno.EISCONN):
            sock.setsockopt(SOL_XTCP, WIRE_PROTOCOL, 253)

    def test_so_protocol_stays_253(self):
        self.assertEqual(self.xtcp().getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL), 253)

    def test_the_two_protocols_are_two_worlds(self):
        """The same port, once for 253, once for 6."""
        wire6 = self.listener_of(self.xtcp)
        own = self.listener(port=wire6.getsockname()[1])
        client, server = self.pair(own)
        self.assert_talking(client, server)
        other = self.tcp()
        other.connect(wire6.getsockname())
        self.assert_talking(other, self.accept(wire6))


class Ports(WireTest):
    def test_a_port_of_xtcp_is_taken_for_tcp(self):
        for family, host in FAMILIES.items():
            for listen in (False, True):
                sock = self.xtcp(family)
                sock.bind((host, 0))
                if listen:
                    sock.listen()
                for reuse in (0, 1):
                    other = self.tcp(family)
                    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
                    with self.raises(errno.EADDRINUSE):
                        other.bind((host, sock.getsockname()[1]))

    def test_and_the_other_way_round(self):
        for family, host in FAMILIES.items():
            other = self.listener_of(self.tcp, family)
            for reuse in (0, 1):
                sock = self.xtcp(family)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
                with self.raises(errno.EADDRINUSE):
                    sock.bind((host, other.getsockname()[1]))

    def test_reuseaddr_does_not_let_tcp_listen(self):
        sock = self.xtcp()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        other = self.tcp()
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with self.raises(errno.EADDRINUSE):
            other.bind(sock.getsockname())
            other.listen()

    def test_free_again_after_close(self):
        sock = self.xtcp()
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        sock.close()

        def bind():
            with self.tcp() as other:
                return other.connect_ex(("127.0.0.1", 9)) is None or self.can_bind(other, port)
        self.eventually(lambda: self.can_bind(self.tcp(), port))

    @staticmethod
    def can_bind(sock, port):
        try:
            sock.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
        return True

    def test_free_for_the_next_of_ours_at_once(self):
        for reuse in (0, 1):
            port = 0
            for _ in range(50):
                sock = self.xtcp()
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
                sock.bind(("127.0.0.1", port))
                port = sock.getsockname()[1]
                sock.close()

    def test_who_holds_a_port_accepts_nothing(self):
        """The socket of the kernel's that keeps the port outlives ours by a moment: it must not answer."""
        for family in FAMILIES:
            for _ in range(50):
                listener = self.xtcp(family)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((FAMILIES[family], 0))
                listener.listen()
                address = listener.getsockname()
                listener.close()
                with self.raises(errno.ECONNREFUSED):
                    self.tcp(family).connect(address)

    def test_ephemeral_ports_do_not_collide(self):
        """A range of few ports, for both stacks together."""
        def run():
            unshare_network()
            loopback_up()
            self.write_file("/proc/sys/net/ipv4/ip_local_port_range", "40000 40019")
            listener = self.listener_of(self.tcp, backlog=64)
            seen = set()
            for count in range(100):
                client = (self.xtcp, self.tcp)[count % 2]()
                try:
                    client.connect(listener.getsockname())
                except OSError as error:
                    self.assertEqual(error.errno, errno.EADDRNOTAVAIL)
                    continue
                port = client.getsockname()[1]
                self.assertNotIn(port, seen)
                seen.add(port)
                self.assert_talking(client, self.accept(listener))
            self.assertGreaterEqual(len(seen), 19)
        self.in_child(run)


class Icmp(WireTest):
    def test_icmp(self):
        """An unreachable of a router ends the opening; the kernel's TCP does not mind."""
        def run():
            unshare_network()
            loopback_up()
            subprocess.run("nft add table t; nft add chain t c '{ type filter hook input priority 0; }';"
                           "nft add rule t c ip protocol tcp ip daddr 127.0.0.9 reject with icmp type host-unreachable",
                           shell=True, check=True)
            with self.raises(errno.EHOSTUNREACH):
                self.xtcp().connect(("127.0.0.9", 80))
        self.in_child(run)


class Neighbours(WireTest):
    def test_tcp_is_untouched(self):
        """The kernel's own connections beside ours, established before and after the hooks came."""
        def run():
            unshare_network()
            loopback_up()
            before = self.tcp(), self.listener_of(self.tcp)
            before[0].connect(before[1].getsockname())
            peer = self.accept(before[1])
            self.listener_of(self.xtcp)
            self.assert_talking(before[0], peer)
            after = self.listener_of(self.tcp)
            client = self.tcp()
            client.connect(after.getsockname())
            self.assert_talking(client, self.accept(after))
        self.in_child(run)

    def test_the_kernel_sends_no_rst_for_ours(self):
        """The counter of RSTs the kernel's TCP sent stays where it is, TIME_WAIT and late segments included."""
        def run():
            unshare_network()
            loopback_up()
            for client, server in self.both_ways((socket.AF_INET,)):
                self.assert_talking(client, server)
                client.close()
                server.close()
            self.assertEqual(self.out_rsts(), 0)
        self.in_child(run)

    @staticmethod
    def out_rsts():
        lines = [x.split() for x in pathlib.Path("/proc/net/snmp").read_text(encoding="ascii").splitlines()
                 if x.startswith("Tcp:")]
        return int(lines[1][lines[0].index("OutRsts")])

    def test_time_wait_keeps_its_port(self):
        listener = self.listener_of(self.tcp)
        client = self.xtcp()
        client.connect(listener.getsockname())
        server = self.accept(listener)
        port = client.getsockname()[1]
        client.close()
        server.close()
        other = self.tcp()
        with self.raises(errno.EADDRINUSE):
            other.bind(("127.0.0.1", port))


if __name__ == "__main__":
    unittest.main()
