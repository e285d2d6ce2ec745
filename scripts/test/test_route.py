"""The way segments go: routers that know a better one, routes that are gone, neighbours that are there."""
import contextlib
import errno
import os
import select
import socket
import struct
import time
import unittest

from two_hosts import TwoHosts, run
from xtcp_sockets import (A_WHILE, CLOCK, LAST_ACK, PATIENCE, PROTO, TIME_WAIT, SocketTest, await_local, error_of,
                          events, unshare_network)

KNOBS = "/proc/sys/net/ipv4/tcp_" if PROTO == 6 else "/proc/sys/net/xtcp/"
FAMILIES = (socket.AF_INET, socket.AF_INET6)
ROWS = "/proc/net/tcp" if PROTO == 6 else "/proc/net/xtcp"
SO_DONTROUTE, IP_TRANSPARENT = 5, 19


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip4_header(source, target, protocol, length):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, 0, 0, 64, protocol, 0, source, target)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:]


def redirect4(source, target, better, quoted):
    """RFC 792: redirect for the host."""
    message = struct.pack("!BBH4s", 5, 1, 0, better) + quoted[:28]
    message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
    return ip4_header(source, target, 1, len(message)) + message


def redirect6(source, target, better, quoted):
    """RFC 4861 4.5, with the option of the redirected header."""
    quoted = quoted[:48]
    message = struct.pack("!BBHI16s16s", 137, 0, 0, 0, better, quoted[24:40])
    message += struct.pack("!BB6x", 4, 1 + len(quoted) // 8) + quoted
    pseudo = source + target + struct.pack("!II", len(message), 58)
    message = message[:2] + struct.pack("!H", checksum(pseudo + message)) + message[4:]
    return struct.pack("!IHBB", 6 << 28, len(message), 58, 255) + source + target + message


class RouteTest(SocketTest):
    def setUp(self):
        super().setUp()
        if os.geteuid():
            self.skipTest("needs root")

    def connecting(self, family, address):
        """A socket that has begun to connect, and what it is told with SO_ERROR is to come."""
        sock = self.keep(socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, PROTO))
        self.assertEqual(sock.connect_ex((address, 80)), errno.EINPROGRESS)
        return sock


class Redirects(RouteTest):
    """A cable with both ends here: e0 is the host's, at e1 sit two routers made by hand."""

    US, ONE, OTHER = (bytes.fromhex(f"02000000000{n}") for n in (1, 2, 3))
    LINKS = {  # ours, that of one router and of the other, somebody behind them; Ethernet's type, a header's length
        socket.AF_INET: ("10.5.0.1", "10.5.0.2", "10.5.0.3", "10.99.0.1", 0x0800, 20, redirect4),
        socket.AF_INET6: ("fd05::1", "fe80::2", "fe80::3", "fd99::1", 0x86dd, 40, redirect6),
    }

    def lay_cable(self):
        run("ip link add e0 address 02:00:00:00:00:01 type veth peer name e1; ip link set e1 up; ip link set e0 up;"
            "ip addr add 10.5.0.1/24 dev e0; ip addr add fd05::1/64 dev e0 nodad")
        for router in 2, 3:
            for address in f"10.5.0.{router}", f"fe80::{router}":
                run(f"ip neigh add {address} lladdr 02:00:00:00:00:0{router} dev e0")
        run("ip route add 10.99.0.0/24 via 10.5.0.2; ip -6 route add fd99::/64 via fe80::2 dev e0")
        for end in "all", "e0":
            for name, value in ("accept_redirects", 1), ("secure_redirects", 0), ("rp_filter", 0):
                self.write_file(f"/proc/sys/net/ipv4/conf/{end}/{name}", value)
        await_local("fd05::1")

    def next_syn(self, wire, family):
        """The router it goes to, and the packet."""
        behind, header_len = self.LINKS[family][3], self.LINKS[family][5]
        end = time.monotonic() + PATIENCE
        while select.select([wire], [], [], max(0, end - time.monotonic()))[0]:
            frame = wire.recv(2000)
            if socket.inet_pton(family, behind) in frame[14:14 + header_len]:
                return frame[:6], frame[14:]
        return self.fail("no SYN")

    def redirect(self, family):
        self.lay_cable()
        ours, one, other, behind, ethertype, header_len, make = self.LINKS[family]
        wire = self.keep(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ethertype)))
        wire.bind(("e1", ethertype))

        def say(quoted):
            addresses = [socket.inet_pton(family, address) for address in (one, ours, other)]
            wire.send(self.US + self.ONE + struct.pack("!H", ethertype) + make(*addresses, quoted))

        self.connecting(family, behind)
        router, syn = self.next_syn(wire, family)
        self.assertEqual(router, self.ONE)
        at = header_len + 4
        seq = struct.unpack_from("!I", syn, at)[0]
        say(syn[:at] + struct.pack("!I", seq + 1000 & 0xffffffff) + syn[at + 4:])
        self.assertEqual(self.next_syn(wire, family)[0], self.ONE, "obeyed, though it quotes nothing that is under way")
        say(syn)
        self.assertEqual(self.next_syn(wire, family)[0], self.OTHER)

    def check(self, family):
        def inside():
            unshare_network()
            self.redirect(family)
        self.in_child(inside)

    def test_ipv4(self):
        self.check(socket.AF_INET)

    def test_ipv6(self):
        self.check(socket.AF_INET6)


class Gone(RouteTest):
    """The route is taken away while a connection needs it: that is why it ends, not that nobody answered."""

    def check(self, family, ours, theirs, net):
        def inside():
            unshare_network()
            run(f"ip link add d0 type dummy; ip link set d0 up; ip addr add {ours} dev d0"
                + " nodad" * (family == socket.AF_INET6))
            if family == socket.AF_INET6:
                await_local(ours.split("/", maxsplit=1)[0])
            self.write_file(KNOBS + "syn_retries", 4)  # a command may take long where the host is busy
            sock = self.connecting(family, theirs)
            run(f"ip route del {net} dev d0")
            self.eventually(lambda: "HUP" in events(sock))
            self.assertEqual(error_of(sock), errno.ENETUNREACH)
        self.in_child(inside)

    def test_ipv4(self):
        self.check(socket.AF_INET, "10.9.9.1/24", "10.9.9.2", "10.9.9.0/24")

    def test_ipv6(self):
        self.check(socket.AF_INET6, "fd09::1/64", "fd09::2", "fd09::/64")


class Transparent(RouteTest):
    """IP_TRANSPARENT: a server for addresses that are not ours (a rule brings here what is for them)."""

    HOST, FOREIGN = "10.5.0.1", "198.51.100.1"

    def listener_for_all(self):
        run(f"ip link set lo up; ip addr add {self.HOST}/32 dev lo; ip rule add to {self.FOREIGN} lookup 100;"
            f"ip route add local {self.FOREIGN} dev lo table 100")
        listener = self.socket()
        listener.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
        listener.bind(("0.0.0.0", 0))
        listener.listen()
        return listener

    def client_of(self, listener):
        client = self.bound(self.HOST)
        client.connect((self.FOREIGN, listener.getsockname()[1]))
        return client

    @staticmethod
    def states():
        with open(ROWS, encoding="ascii") as rows:
            return {int(row.split()[3], 16) for row in rows.readlines()[1:]}

    def test_it_speaks_from_their_addresses(self):
        def inside():
            unshare_network()
            listener = self.listener_for_all()
            client = self.client_of(listener)
            server = self.accept(listener)
            self.assertEqual(server.getsockname(), client.getpeername())
            self.assert_talking(client, server)
        self.in_child(inside)

    def test_so_does_its_time_wait(self):
        """The last ACK is lost: the FIN comes again, and what is left of the server answers."""
        def inside():
            unshare_network()
            listener = self.listener_for_all()
            client = self.client_of(listener)
            self.accept(listener).close()
            self.assertEqual(client.recv(1), b"")
            run(f"nft 'add table t; add chain t c {{ type filter hook input priority 0; }};"
                f"add rule t c ip saddr {self.FOREIGN} drop'")
            client.close()
            self.eventually(lambda: {LAST_ACK, TIME_WAIT} <= self.states())
            run("nft delete table t")
            self.eventually(lambda: LAST_ACK in self.states(), False)
            self.assertIn(TIME_WAIT, self.states())
        self.in_child(inside)


class Cabled(RouteTest):
    """Two hosts."""

    @classmethod
    def setUpClass(cls):
        if os.geteuid():
            raise unittest.SkipTest("needs root")
        cls.net = TwoHosts()
        cls.addClassCleanup(cls.net.remove)

    def listener_at(self, family, **options):
        with self.net[0]:
            listener = self.keep(socket.socket(family, socket.SOCK_STREAM, PROTO))
        for name, value in options.items():
            listener.setsockopt(socket.SOL_SOCKET, getattr(socket, name, SO_DONTROUTE), value)
        listener.bind((self.net[0].address[family], 0))
        listener.listen()
        return listener


class Rules(Cabled):
    """What chooses the way (ip-rule(8)): host 1 has none for who is so."""

    def mark(self, sock, value=7):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, value)

    def own(self, sock):
        os.fchown(sock.fileno(), 12, -1)

    def classify(self, sock):
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, 16)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 16)

    def bind(self, sock):
        if not sock.getsockname()[1]:
            sock.bind((self.net[1].address[sock.family], 4712))

    @contextlib.contextmanager
    def prohibited(self, family, what):
        version = {socket.AF_INET: "-4", socket.AF_INET6: "-6"}[family]
        self.net[1].run(f"ip {version} rule add pref 10 {what} prohibit")
        try:
            yield
        finally:
            self.net[1].run(f"ip {version} rule del pref 10")

    def here(self, family, flags=0):
        """A socket of host 1."""
        with self.net[1]:
            return self.keep(socket.socket(family, socket.SOCK_STREAM | flags, PROTO))

    def there(self, family, address):
        """Host 0 connects to us."""
        with self.net[0]:
            sock = self.keep(socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, PROTO))
        sock.connect_ex(address)
        return sock

    def test_connect(self):
        for family in FAMILIES:
            address = self.listener_at(family).getsockname()
            for what, become in (("fwmark 7", self.mark), ("uidrange 12-12", self.own), ("tos 0x10", self.classify),
                                 ("sport 4712", self.bind), (f"dport {address[1]}", id), (f"ipproto {PROTO}", id)):
                with self.subTest(what, family=family.name):
                    sock = self.here(family)
                    with self.prohibited(family, what):
                        become(sock)
                        with self.raises(errno.EACCES):
                            sock.connect(address)
                    sock.connect(address)

    def test_of_an_open_connection(self):
        for family in FAMILIES:
            with self.subTest(family=family.name), self.prohibited(family, "fwmark 7"):
                listener, client = self.listener_at(family), self.here(family)
                client.connect(listener.getsockname())
                server = self.accept(listener)
                self.assert_talking(client, server)
                self.mark(client)
                client.send(b"x")
                self.assertEqual(events(server, select.POLLIN, A_WHILE), "")
                self.mark(client, 0)
                self.assertEqual(server.recv(10), b"x")

    def test_of_a_listener(self):
        for family in FAMILIES:
            for what, become in ("fwmark 7", self.mark), ("uidrange 12-12", self.own), ("sport 4712", id):
                with self.subTest(what, family=family.name):
                    listener = self.here(family)
                    become(listener)
                    self.bind(listener)
                    listener.listen()
                    with self.prohibited(family, what):
                        client = self.there(family, listener.getsockname())
                        self.assertEqual(events(client, timeout=3), "")
                    self.await_events(client, "OUT")
                    listener.close()


class Neighbours(Cabled):
    def requests(self, family, talk):
        """How often host 1 asks by multicast or unicast who has our address, from now to the end of the talk."""
        seen = []
        ethertype = 0x0806 if family == socket.AF_INET else 0x86dd
        with self.net[0]:
            wire = self.keep(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ethertype)))
        wire.bind((self.net[0].device, ethertype))
        talk()
        while select.select([wire], [], [], 0)[0]:
            frame, where = wire.recvfrom(2000)
            asks = frame[20:22] == b"\0\1" if family == socket.AF_INET else frame[20] == 58 and frame[54] == 135
            if asks and where[2] != socket.PACKET_OUTGOING:
                seen.append(frame)
        return seen

    @unittest.skipUnless(CLOCK == "virtual", "counts what happens in a time")
    def test_acknowledgments_confirm_them(self):
        """Two hosts that talk do not ask for each other again and again."""
        for family in FAMILIES:
            version = "ipv4" if family == socket.AF_INET else "ipv6"
            self.net[1].sysctl(f"{version}/neigh/{self.net[1].device}/base_reachable_time_ms", 200)
            self.net[1].sysctl(f"{version}/neigh/{self.net[1].device}/delay_first_probe_time", 1)
            listener = self.listener_at(family)
            with self.net[1]:
                client = self.keep(socket.socket(family, socket.SOCK_STREAM, PROTO))
            client.connect(listener.getsockname())
            server = self.accept(listener)

            def talk(client=client, server=server):
                for _ in range(200):
                    self.assert_talking(client, server)
                    time.sleep(0.05)
            with self.subTest(family=family.name):
                self.assertEqual(self.requests(family, talk), [])

    def out_no_routes(self):
        with self.net[0], open("/proc/thread-self/net/snmp", encoding="ascii") as file:
            rows = [line.split() for line in file if line.startswith("Ip:")]
        return int(dict(zip(*rows))["OutNoRoutes"])

    def test_a_listener_that_must_not_use_routers(self):
        """SO_DONTROUTE: a client behind one gets no answer."""
        self.net[1].run("ip addr add 10.7.0.1/32 dev lo")
        self.net[0].run(f"ip route add 10.7.0.0/24 via {self.net[1].address[socket.AF_INET]}")
        before = self.out_no_routes()
        listener = self.listener_at(socket.AF_INET, SO_DONTROUTE=1)
        with self.net[1]:
            client = self.socket(socket.SOCK_NONBLOCK)
        client.bind(("10.7.0.1", 0))
        client.connect_ex(listener.getsockname())
        self.eventually(lambda: self.out_no_routes() > before)
        self.assertEqual(events(client), "")
        listener.setsockopt(socket.SOL_SOCKET, SO_DONTROUTE, 0)
        self.await_events(client, "OUT")


if __name__ == "__main__":
    unittest.main()
