"""IPv6, and IPv4 through AF_INET6 sockets: names, addresses, who shares what, options, ICMPv6, /proc."""
import contextlib
import errno
import itertools
import os
import pathlib
import socket
import struct
import subprocess
import unittest

from xtcp_sockets import (A_WHILE, CLOSE, ESTABLISHED, LISTEN, LOCALHOST, PATIENCE, PROTO, SOL_TCP, SO_DOMAIN,
                          SO_PROTOCOL, TIME_WAIT, SocketTest, await_local, disconnect, error_of, events, libc,
                          loopback_up, recv_exactly, reset, sockaddr, tcp_state, unshare_network)

LO6, ANY6, ANY4 = "::1", "::", "0.0.0.0"
MAPPED, MAPPED_ANY, MAPPED_OTHER = "::ffff:127.0.0.1", "::ffff:0.0.0.0", "::ffff:127.0.0.2"
SYN_RECV = 3
SYN, RST, ACK = 2, 4, 16
IPV6_2292PKTINFO, IPV6_2292HOPLIMIT, IPV6_2292PKTOPTIONS = 2, 8, 6
IPV6_UNICAST_HOPS, IPV6_RECVERR, IPV6_V6ONLY, IPV6_FLOWLABEL_MGR, IPV6_FLOWINFO_SEND = 16, 25, 26, 32, 33
IPV6_DSTOPTS, IPV6_RECVTCLASS, IPV6_TCLASS, IPV6_AUTOFLOWLABEL, IPV6_FREEBIND = 59, 66, 67, 70, 78
ROWS4, ROWS6 = ("/proc/net/" + name for name in (("tcp", "tcp6") if PROTO == 6 else ("xtcp", "xtcp6")))
# Once connected to a mapped address, a socket of the kernel's TCP gets no IPv6 segment any more.
STAYS_MAPPED = unittest.skipIf(PROTO == 6, "the kernel's TCP cannot go back to IPv6")
PTB, UNREACHABLE, TIME_EXCEEDED, PARAMETER_PROBLEM = 2, 1, 3, 4


def packed(host, port, family=socket.AF_INET6, flowinfo=0, scope=0):
    """struct sockaddr_in6."""
    return (struct.pack("=H", family) + struct.pack("!HI", port, flowinfo) + socket.inet_pton(socket.AF_INET6, host) +
            struct.pack("=I", scope))


def checksum(source, target, segment, protocol=PROTO):
    """Of a segment under the pseudo header of IPv6 (RFC 8200 8.1)."""
    data = source + target + struct.pack("!II", len(segment), protocol) + segment + bytes(len(segment) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Segment:
    """What a packet socket saw: an IPv6 header, maybe destination options, and a segment."""

    def __init__(self, packet):
        word, _, protocol, self.hops = struct.unpack_from("!IHBB", packet)
        self.tclass, self.label = word >> 20 & 0xff, word & 0xfffff
        self.source, self.target = packet[8:24], packet[24:40]
        at, self.options = 40, 0
        if protocol == socket.IPPROTO_DSTOPTS:
            protocol, self.options = packet[40], 8 * (packet[41] + 1)
            at += self.options
        self.protocol, self.packet = protocol, packet
        if protocol == PROTO:
            self.sport, self.dport, self.seq, self.ack, offset, self.control = struct.unpack_from("!HHIIBB", packet, at)
            self.fin = bool(self.control & 1)
            self.text = packet[at + (offset >> 4) * 4:40 + struct.unpack_from("!H", packet, 4)[0]]


class Sniffer:
    """The IPv6 segments that a device of this namespace sees."""

    def __init__(self, device):
        everything = 3  # ETH_P_ALL: what goes out, too
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(everything))
        self.socket.bind((device, everything))
        self.socket.settimeout(PATIENCE)

    def next(self, **wanted):
        """The next segment with these attributes; of loopback devices that which arrives."""
        while True:
            packet, address = self.socket.recvfrom(70000)
            if packet[0] >> 4 != 6 or address[2] == socket.PACKET_OUTGOING and address[0] == "lo":
                continue
            segment = Segment(packet)
            if segment.protocol == PROTO and all(getattr(segment, name) == value for name, value in wanted.items()):
                return segment


def inject(source, target, sport, dport, seq, ack, control, text=b""):
    """A segment from an address that need not be ours."""
    ends = [socket.inet_pton(socket.AF_INET6, host) for host in (source, target)]
    header = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, control, 65535, 0, 0)
    header = header[:16] + struct.pack("!H", checksum(*ends, header + text)) + header[18:]
    packet = struct.pack("!IHBB", 6 << 28, len(header + text), PROTO, 64) + b"".join(ends) + header + text
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        raw.sendto(packet, (target, 0))


def inject_icmp(kind, code, info, segment):
    """An ICMPv6 error about a segment, to its sender."""
    message = struct.pack("!BBHI", kind, code, 0, info) + segment.packet[:1232]
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as raw:
        raw.sendto(message, (socket.inet_ntop(socket.AF_INET6, segment.source), 0))


def ip(*words):
    subprocess.run(["ip", *words], check=True)


HAS_IPV6 = os.path.exists("/proc/net/if_inet6")


class WithoutIpv6(SocketTest):
    """A kernel booted with ipv6.disable=1."""

    def test_ipv4_is_served(self):
        if HAS_IPV6:
            self.skipTest("IPv6 is there")
        with self.raises(errno.EAFNOSUPPORT):
            socket.socket(socket.AF_INET6, socket.SOCK_STREAM, PROTO)
        self.assertFalse(os.path.exists(ROWS6))
        self.assert_talking(*self.pair())


class Test6(SocketTest):
    def setUp(self):
        if not HAS_IPV6:
            self.skipTest("no IPv6")
        super().setUp()

    def socket6(self, v6only=None, flags=0):
        sock = self.keep(socket.socket(socket.AF_INET6, socket.SOCK_STREAM | flags, PROTO))
        if v6only is not None:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_V6ONLY, v6only)
        return sock

    def bound6(self, host=LO6, port=0, v6only=None, **options):
        sock = self.socket6(v6only)
        for option in options:
            sock.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_" + option.upper()), 1)
        sock.bind((host, port))
        return sock

    def listener6(self, *args, backlog=128, **how):
        sock = self.bound6(*args, **how)
        sock.listen(backlog)
        return sock

    def connected6(self, host, port):
        sock = self.socket6()
        sock.connect((host, port))
        return sock

    def pair6(self, host=LO6):
        listener = self.listener6(host)
        client = self.connected6(host, listener.getsockname()[1])
        return client, self.accept(listener)

    def get(self, sock, option):
        return sock.getsockopt(socket.IPPROTO_IPV6, option)

    def set(self, sock, option, value=1):
        sock.setsockopt(socket.IPPROTO_IPV6, option, value)

    def in_namespace(self, function):
        def run():
            unshare_network()
            loopback_up()
            function()
        self.in_child(run)

    def hole(self):
        """A device that swallows everything, with a host fd00:1::2 behind; gives a look at it."""
        ip("link", "add", "hole", "type", "dummy")
        ip("link", "set", "hole", "up")
        ip("addr", "add", "fd00:1::1/64", "dev", "hole", "nodad")
        await_local("fd00:1::1")
        ip("neigh", "add", "fd00:1::2", "lladdr", "02:00:00:00:00:02", "dev", "hole")
        sniffer = Sniffer("hole")
        self.addCleanup(sniffer.socket.close)
        return sniffer


class Fresh(Test6):
    def test_names(self):
        sock = self.socket6()
        self.assertEqual(sock.getsockname(), (ANY6, 0, 0, 0))
        with self.raises(errno.ENOTCONN):
            sock.getpeername()

    def test_options(self):
        sock = self.socket6()
        self.assertEqual(sock.getsockopt(socket.SOL_SOCKET, SO_DOMAIN), socket.AF_INET6)
        self.assertEqual(sock.getsockopt(socket.SOL_SOCKET, SO_PROTOCOL), PROTO)
        self.assertEqual(tcp_state(sock), CLOSE)

    def test_needs_no_privilege(self):
        self.as_nobody(lambda: self.pair6()[0].send(b"hello"))

    def test_v6only_follows_the_sysctl(self):
        self.sysctl("net/ipv6/bindv6only", 1)
        self.assertEqual(self.get(self.socket6(), IPV6_V6ONLY), 1)
        self.sysctl("net/ipv6/bindv6only", 0)
        self.assertEqual(self.get(self.socket6(), IPV6_V6ONLY), 0)


class Native(Test6):
    def test_pair(self):
        client, server = self.pair6()
        self.assertEqual(client.getpeername(), server.getsockname())
        self.assertEqual(server.getpeername(), client.getsockname())
        self.assertEqual(client.getpeername()[0], LO6)
        self.assert_talking(client, server)

    def test_child_is_an_ipv6_socket(self):
        self.assertEqual(self.pair6()[1].getsockopt(socket.SOL_SOCKET, SO_DOMAIN), socket.AF_INET6)

    def test_wildcard_listener(self):
        listener = self.listener6(ANY6)
        client = self.connected6(LO6, listener.getsockname()[1])
        server = self.accept(listener)
        self.assertEqual(listener.getsockname()[0], ANY6)
        self.assertEqual(server.getsockname()[0], LO6)
        self.assert_talking(client, server)

    def test_wildcard_destination_means_this_host(self):
        listener = self.listener6()
        client = self.connected6(ANY6, listener.getsockname()[1])
        self.assertEqual(client.getpeername(), listener.getsockname())

    def test_large_transfer(self):
        client, server = self.pair6()
        data = os.urandom(1 << 22)
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(OSError):
                client.sendall(data)
            os._exit(0)
        self.assertEqual(recv_exactly(server, len(data)), data)
        os.waitpid(pid, 0)

    def test_to_itself(self):
        sock = self.bound6()
        sock.connect(sock.getsockname())
        self.assertEqual(tcp_state(sock), ESTABLISHED)
        self.assert_talking(sock, sock)

    def test_close_and_time_wait(self):
        listener = self.listener6()
        client = self.bound6(reuseaddr=True)
        client.connect(listener.getsockname())
        server, port = self.accept(listener), client.getsockname()[1]
        client.close()
        self.assertEqual(server.recv(1), b"")
        server.close()
        with self.raises(errno.EADDRINUSE):
            self.bound6(port=port)
        self.bound6(port=port, reuseaddr=True)

    def test_refused(self):
        sock = self.socket6()
        with self.raises(errno.ECONNREFUSED):
            sock.connect(self.bound6().getsockname())
        self.assertEqual(sock.getsockname()[0], ANY6)
        listener = self.listener6()
        sock.connect(listener.getsockname())
        self.assert_talking(sock, self.accept(listener))

    def test_bound_address_is_the_source_and_stays(self):
        free = self.bound6()
        name = free.getsockname()
        free.close()
        sock = self.bound6(port=name[1])
        with self.raises(errno.ECONNREFUSED):
            sock.connect(self.bound6().getsockname())
        self.assertEqual(sock.getsockname(), name)
        listener = self.listener6()
        sock.connect(listener.getsockname())
        self.assertEqual(self.accept(listener).getpeername(), name)

    @STAYS_MAPPED
    def test_many_lives_in_both_families(self):
        sock = self.socket6()
        listener6, listener4 = self.listener6(), self.listener()
        for i in range(6):
            sock.connect(listener6.getsockname() if i % 2 else (MAPPED, listener4.getsockname()[1]))
            server = self.accept(listener6 if i % 2 else listener4)
            self.assertEqual(sock.getsockname()[:2], server.getpeername()[:2] if i % 2 else
                             ("::ffff:" + server.getpeername()[0], server.getpeername()[1]))
            self.assert_talking(sock, server)
            libc("connect", sock.fileno(), packed(ANY6, 0, socket.AF_UNSPEC), 28)
            self.assertEqual(sock.getsockname()[0], ANY6)
            with self.raises(errno.ECONNRESET):
                server.recv(1)

    @STAYS_MAPPED
    def test_disconnected_client_can_listen_to_both(self):
        sock = self.connected6(MAPPED, self.listener().getsockname()[1])
        disconnect(sock)
        sock.listen()
        for host in LO6, MAPPED:
            self.assert_talking(self.connected6(host, sock.getsockname()[1]), self.accept(sock))


class Errors(Test6):
    def connect(self, *args, sock=None, length=28, **more):
        return libc("connect", (sock or self.socket6()).fileno(), packed(*args, **more), length)

    def test_short_address(self):
        for length in 2, 16, 23:
            with self.subTest(length), self.raises(errno.EINVAL):
                self.connect(LO6, 9, length=length)

    def test_address_without_scope_is_long_enough(self):
        port = self.listener6().getsockname()[1]
        self.assertEqual(self.connect(LO6, port, length=24), 0)

    def test_ipv4_address(self):
        sock = self.socket6()
        with self.raises(errno.EINVAL):
            libc("connect", sock.fileno(), sockaddr(LOCALHOST, 9), 16)
        with self.raises(errno.EAFNOSUPPORT):
            libc("connect", sock.fileno(), sockaddr(LOCALHOST, 9) + bytes(12), 28)
        for length, code in (16, errno.EINVAL), (28, errno.EAFNOSUPPORT):
            with self.raises(code):
                libc("bind", sock.fileno(), sockaddr(LOCALHOST, 0) + bytes(12), length)

    def test_multicast(self):
        with self.raises(errno.ENETUNREACH):
            self.connect("ff02::1", 9)
        with self.raises(errno.ENETUNREACH):
            self.connect("::ffff:224.0.0.1", 9)
        with self.raises(errno.EINVAL):
            self.bound6("ff02::1")

    def test_no_route(self):
        def run():
            for host in "2001:db8::1", "::ffff:198.51.100.1":
                with self.raises(errno.ENETUNREACH):
                    self.connect(host, 9)
        self.in_namespace(run)

    @STAYS_MAPPED
    def test_after_no_route_the_other_family(self):
        def run():
            sock = self.socket6()
            for host in "2001:db8::1", "::ffff:198.51.100.1":
                with self.raises(errno.ENETUNREACH):
                    self.connect(host, 9, sock=sock)
                self.assertEqual(sock.getsockname()[0], ANY6)
            for host in MAPPED, LO6:
                listener = self.listener6(host)
                sock.connect(listener.getsockname())
                self.assert_talking(sock, self.accept(listener))
                disconnect(sock)
        self.in_namespace(run)

    def test_foreign_address(self):
        with self.raises(errno.EADDRNOTAVAIL):
            self.bound6("2001:db8::1")
        with self.raises(errno.EADDRNOTAVAIL):
            self.bound6("::ffff:198.51.100.1")
        sock = self.socket6()
        self.set(sock, IPV6_FREEBIND)
        sock.bind(("2001:db8::1", 0))
        self.assertEqual(sock.getsockname()[0], "2001:db8::1")

    def test_bound_to_one_family_connecting_to_the_other(self):
        with self.raises(errno.ENETUNREACH):
            self.bound6(LO6).connect((MAPPED, 9))
        with self.raises(errno.EAFNOSUPPORT, errno.ENETUNREACH, errno.EINVAL):
            self.bound6(MAPPED).connect((LO6, 9))

    def test_port_zero(self):
        for host in LO6, MAPPED:
            with self.raises(errno.ECONNREFUSED):
                self.connect(host, 0)


class MappedAddresses(Test6):
    def test_ipv4_client_of_a_wildcard_listener(self):
        listener = self.listener6(ANY6)
        client = self.socket()
        client.connect((LOCALHOST, listener.getsockname()[1]))
        server, name = listener.accept()
        self.keep(server)
        self.assertEqual(name, (MAPPED, client.getsockname()[1], 0, 0))
        self.assertEqual(server.getpeername(), name)
        self.assertEqual(server.getsockname(), (MAPPED, listener.getsockname()[1], 0, 0))
        self.assertEqual(server.family, socket.AF_INET6)
        self.assert_talking(client, server)

    def test_client_of_an_ipv4_listener(self):
        listener = self.listener()
        client = self.connected6(MAPPED, listener.getsockname()[1])
        server = self.accept(listener)
        self.assertEqual(client.getpeername(), (MAPPED, listener.getsockname()[1], 0, 0))
        self.assertEqual(client.getsockname(), (MAPPED, server.getpeername()[1], 0, 0))
        self.assertEqual(server.getpeername()[0], LOCALHOST)
        self.assert_talking(client, server)

    def test_both(self):
        self.assert_talking(*self.pair6(MAPPED))

    def test_bound_to_the_mapped_wildcard(self):
        listener = self.listener6(MAPPED_ANY)
        port = listener.getsockname()[1]
        self.assertEqual(listener.getsockname()[0], MAPPED_ANY)
        self.assert_talking(self.connected6(MAPPED, port), self.accept(listener))
        with self.raises(errno.ECONNREFUSED):
            self.connected6(LO6, port)

    def test_bound_to_a_mapped_address(self):
        listener = self.listener6(MAPPED)
        port = listener.getsockname()[1]
        for host in LO6, MAPPED_OTHER:
            with self.raises(errno.ECONNREFUSED):
                self.connected6(host, port)
        self.assert_talking(self.connected6(MAPPED, port), self.accept(listener))

    def test_wildcard_destination_follows_the_bound_family(self):
        listener = self.listener()
        sock = self.bound6(MAPPED)
        sock.connect((ANY6, listener.getsockname()[1]))
        self.assertEqual(sock.getpeername()[0], MAPPED)

    def test_source_is_the_bound_address(self):
        listener = self.listener()
        sock = self.bound6(MAPPED_OTHER)
        sock.connect((MAPPED, listener.getsockname()[1]))
        self.assertEqual(self.accept(listener).getpeername(), ("127.0.0.2", sock.getsockname()[1]))

    @STAYS_MAPPED
    def test_refused_then_native(self):
        sock = self.socket6()
        with self.raises(errno.ECONNREFUSED):
            sock.connect((MAPPED, self.refusing_address()[1]))
        self.assertEqual(sock.getsockname()[0], ANY6)
        listener = self.listener6()
        sock.connect(listener.getsockname())
        self.assert_talking(sock, self.accept(listener))

    def test_to_itself(self):
        sock = self.bound6(MAPPED)
        sock.connect(sock.getsockname())
        self.assert_talking(sock, sock)

    def test_listener_closes_with_children_of_both_families_waiting(self):
        listener = self.listener6(ANY6)
        clients = [self.connected6(host, listener.getsockname()[1]) for host in (LO6, MAPPED) * 3]
        listener.close()
        for client in clients:
            with self.raises(errno.ECONNRESET):
                client.recv(1)


class V6Only(Test6):
    def test_listener_takes_no_ipv4(self):
        listener = self.listener6(ANY6, v6only=1)
        port = listener.getsockname()[1]
        with self.raises(errno.ECONNREFUSED):
            self.connected6(MAPPED, port)
        with self.raises(errno.ECONNREFUSED):
            self.socket().connect((LOCALHOST, port))
        self.assert_talking(self.connected6(LO6, port), self.accept(listener))

    def test_connect_to_ipv4(self):
        with self.raises(errno.ENETUNREACH):
            self.socket6(v6only=1).connect((MAPPED, self.listener().getsockname()[1]))

    def test_connect_to_ipv4_then_native(self):
        sock, listener = self.socket6(v6only=1), self.listener6()
        with self.raises(errno.ENETUNREACH):
            sock.connect((MAPPED, 9))
        sock.connect(listener.getsockname())
        self.assert_talking(sock, self.accept(listener))

    def test_bind_to_ipv4(self):
        with self.raises(errno.EINVAL):
            self.bound6(MAPPED, v6only=1)

    def test_not_after_bind(self):
        with self.raises(errno.EINVAL):
            self.set(self.bound6(ANY6), IPV6_V6ONLY)

    def test_a_specific_address_is_v6only(self):
        self.assertEqual(self.get(self.bound6(LO6), IPV6_V6ONLY), 1)
        self.assertEqual(self.get(self.bound6(ANY6), IPV6_V6ONLY), 0)


class Sharing(Test6):
    """Which two sockets can be bound to one port."""
    PLACES = {"4 any": (4, ANY4, None), "4 lo": (4, LOCALHOST, None), "4 other": (4, "127.0.0.2", None),
              "6 any": (6, ANY6, 0), "6 only": (6, ANY6, 1), "6 lo": (6, LO6, None),
              "mapped any": (6, MAPPED_ANY, 0), "mapped lo": (6, MAPPED, 0)}
    # IPv4 addresses that a place covers, IPv6 addresses that it covers
    COVERED = {"4 any": ("lo other", ""), "4 lo": ("lo", ""), "4 other": ("other", ""), "6 any": ("lo other", "lo"),
               "6 only": ("", "lo"), "6 lo": ("", "lo"), "mapped any": ("lo other", ""), "mapped lo": ("lo", "")}

    @unittest.skipIf(PROTO == 6, "the kernel's TCP prefers neither")
    def test_of_a_device_beside_one_of_all(self):
        """Who listens on the device that it came by is nearer than who listens on all, whatever the families."""
        for first, other in (("4 any", "6 any"), ("6 any", "4 any")):
            with self.subTest(on_device=first):
                port = next(self.PORTS)
                near, far = (self.at(place, port, reuseport=True) for place in (first, other))
                near.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
                far.listen()
                near.listen()
                for _ in range(4):
                    client = self.socket()
                    client.connect((LOCALHOST, port))
                    self.assert_talking(client, self.accept(near))
                self.assertEqual(events(far), "")

    PORTS = itertools.count(20000)  # not of the ephemeral ones, some of which a TIME_WAIT has at another address

    def at(self, place, port=None, **options):
        family, host, v6only = self.PLACES[place]
        port = port or next(self.PORTS)
        if family == 6:
            return self.bound6(host, port, v6only, **options)
        return self.bound(host, port, **options)

    def overlap(self, one, other):
        return any(set(a.split()) & set(b.split()) for a, b in zip(self.COVERED[one], self.COVERED[other]))

    def pairs(self):
        for one, other in itertools.product(self.PLACES, repeat=2):
            with self.subTest(f"{one}, then {other}"):
                yield one, other

    def test_plain(self):
        for one, other in self.pairs():
            first = self.at(one)
            port = first.getsockname()[1]
            with self.raises(errno.EADDRINUSE) if self.overlap(one, other) else contextlib.nullcontext():
                self.at(other, port).close()
            first.close()

    def test_reuseaddr(self):
        for one, other in self.pairs():
            first = self.at(one, reuseaddr=True)
            second = self.at(other, first.getsockname()[1], reuseaddr=True)
            first.listen()
            with self.raises(errno.EADDRINUSE) if self.overlap(one, other) else contextlib.nullcontext():
                second.listen()
            first.close()
            second.close()

    def test_reuseaddr_beside_a_listener(self):
        for one, other in self.pairs():
            first = self.at(one, reuseaddr=True)
            first.listen()
            with self.raises(errno.EADDRINUSE) if self.overlap(one, other) else contextlib.nullcontext():
                self.at(other, first.getsockname()[1], reuseaddr=True).close()
            first.close()

    def test_reuseport(self):
        for one, other in self.pairs():
            first = self.at(one, reuseport=True)
            second = self.at(other, first.getsockname()[1], reuseport=True)
            first.listen()
            second.listen()
            first.close()
            second.close()

    def listening(self, *places, **options):
        """Listeners on one port."""
        socks, port = [], 0
        for place in places:
            socks.append(self.at(place, port, **options))
            socks[-1].listen()
            port = socks[0].getsockname()[1]
        return socks

    def assert_taken_by(self, listener, host):
        for _ in range(8):
            client = self.connected6(host, listener.getsockname()[1])
            self.await_events(listener, "IN")
            self.accept(listener).close()
            client.close()

    def test_a_listener_for_each_family(self):
        four, six = self.listening("4 any", "6 only")
        self.assert_taken_by(four, MAPPED)
        self.assert_taken_by(six, LO6)

    def test_ipv4_prefers_the_ipv4_listener(self):
        for places in ("4 any", "6 any"), ("6 any", "4 any"):
            by_place = dict(zip(places, self.listening(*places, reuseport=True)))
            self.assert_taken_by(by_place["4 any"], MAPPED)
            self.assert_taken_by(by_place["6 any"], LO6)

    def test_specific_address_before_wildcard(self):
        for places in ("mapped lo", "4 any"), ("4 any", "mapped lo"):
            by_place = dict(zip(places, self.listening(*places, reuseport=True)))
            self.assert_taken_by(by_place["mapped lo"], MAPPED)
            self.assert_taken_by(by_place["4 any"], MAPPED_OTHER)
        six, specific = self.listening("6 any", "6 lo", reuseport=True)
        self.assert_taken_by(specific, LO6)
        self.assert_taken_by(six, MAPPED)

    def test_child_keeps_the_port(self):
        listener = self.listener6(ANY6)
        port = listener.getsockname()[1]
        clients = [self.connected6(host, port) for host in (LO6, MAPPED)]
        children = [self.accept(listener) for _ in clients]
        listener.close()
        for place in "6 any", "4 any", "6 lo", "4 lo":
            with self.subTest(place), self.raises(errno.EADDRINUSE):
                self.at(place, port)
        self.assert_talking(clients[0], children[0])


class LinkLocal(Test6):
    """Between two devices of one namespace, and on one device."""

    def run_with_devices(self, function):
        def run():
            ip("link", "add", "xa", "type", "dummy")
            ip("link", "add", "xb", "type", "dummy")
            for device, host in (("xa", "fe80::a"), ("xb", "fe80::b")):
                ip("link", "set", device, "up")
                ip("addr", "add", host + "/64", "dev", device, "nodad")
                await_local(host)
            function(socket.if_nametoindex("xa"), socket.if_nametoindex("xb"))
        self.in_namespace(run)

    def at(self, host, port, scope, sock=None):
        sock = sock or self.socket6()
        sock.bind((host, port, 0, scope))
        return sock

    def test_connection(self):
        def run(xa, _):
            listener = self.at("fe80::a", 0, xa)
            listener.listen()
            self.assertEqual(listener.getsockname()[3], xa)
            client = self.socket6()
            client.connect(listener.getsockname())
            self.assertEqual(client.getpeername(), listener.getsockname())
            self.assertEqual(client.getsockname()[3], xa)
            self.assert_talking(client, self.accept(listener))
        self.run_with_devices(run)

    def test_wildcard_listener_remembers_the_device(self):
        def run(xa, _):
            listener = self.listener6(ANY6)
            client = self.socket6()
            client.connect(("fe80::a", listener.getsockname()[1], 0, xa))
            server = self.accept(listener)
            self.assertEqual(server.getsockname()[3], xa)
            self.assertEqual(server.getpeername()[3], xa)
            self.assertEqual(server.getpeername(), client.getsockname())
            self.assert_talking(client, server)
        self.run_with_devices(run)

    def test_needs_a_scope(self):
        def run(xa, _):
            with self.raises(errno.EINVAL):
                self.socket6().connect(("fe80::a", 9))
            with self.raises(errno.EINVAL):
                self.bound6("fe80::a")
            sock = self.socket6()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"xa\0")
            with self.raises(errno.ECONNREFUSED):
                sock.connect(("fe80::a", 9))
            self.assertEqual(self.at("fe80::a", 0, xa).getsockname()[3], xa)
        self.run_with_devices(run)

    def test_scope_binds_the_device(self):
        def run(xa, xb):
            sock = self.socket6()
            with self.raises(errno.ECONNREFUSED):
                sock.connect(("fe80::a", 9, 0, xa))
            self.assertEqual(sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16), b"xa\0")
            with self.raises(errno.EINVAL):
                sock.connect(("fe80::b", 9, 0, xb))
        self.run_with_devices(run)

    def test_address_of_another_device(self):
        def run(xa, _):
            with self.raises(errno.EADDRNOTAVAIL):
                self.at("fe80::b", 0, xa)
            with self.raises(errno.ENODEV):
                self.at("fe80::b", 0, 999)
        self.run_with_devices(run)

    def test_same_port_on_two_devices(self):
        def run(xa, xb):
            port = self.at("fe80::a", 0, xa).getsockname()[1]
            self.at("fe80::b", port, xb)
            with self.raises(errno.EADDRINUSE):
                self.at("fe80::a", port, xa)
        self.run_with_devices(run)


class OnTheWire(Test6):
    def sniff(self, function, device="lo"):
        def run():
            sniffer = Sniffer(device)
            self.addCleanup(sniffer.socket.close)
            function(sniffer)
        self.in_namespace(run)

    def test_traffic_class(self):
        def run(sniffer):
            listener, client = self.listener6(), self.socket6()
            self.set(listener, IPV6_TCLASS, 0xb8)
            self.set(client, IPV6_TCLASS, 0x28)
            client.connect(listener.getsockname())
            server = self.accept(listener)
            self.assertEqual(self.get(server, IPV6_TCLASS), 0xb8)
            server.send(b"to the client")
            client.send(b"to the server!")
            self.assertEqual(sniffer.next(control=SYN).tclass & 0xfc, 0x28)
            self.assertEqual(sniffer.next(control=SYN | ACK).tclass & 0xfc, 0xb8)
            self.assertEqual(sniffer.next(text=b"to the client").tclass & 0xfc, 0xb8)
            self.assertEqual(sniffer.next(text=b"to the server!").tclass & 0xfc, 0x28)
            self.set(client, IPV6_TCLASS, 0x48)
            client.send(b"another")
            self.assertEqual(sniffer.next(text=b"another").tclass & 0xfc, 0x48)
        self.sniff(run)

    @unittest.skipUnless(PROTO == 253, "counters of xtcp")
    def test_mapped_source(self):
        """An IPv4 address in an IPv6 packet (RFC 4291 2.5.5.2) is nobody's: a listener would answer over IPv4."""
        def dropped():
            with open("/proc/net/xtcp_netstat", encoding="ascii") as file:
                return int(dict(zip(*(line.split() for line in file)))["DropAddress"])

        before, listener = dropped(), self.listener6(ANY6)
        inject(MAPPED, LO6, 1234, listener.getsockname()[1], 1000, 0, SYN)
        self.eventually(lambda: dropped() - before, 1)
        self.assertNotIn(SYN_RECV, self.states(ROWS4) + self.states(ROWS6))

    @staticmethod
    def states(rows):
        with open(rows, encoding="ascii") as file:
            return [int(line.split()[3], 16) for line in list(file)[1:]]

    def test_traffic_class_of_time_wait(self):
        def run(sniffer):
            # So that a segment made by hand needs none.
            self.write_file("/proc/sys/net/" + ("ipv4/tcp_timestamps" if PROTO == 6 else "xtcp/timestamps"), 0)
            client, server = self.pair6()
            self.set(client, IPV6_TCLASS, 0x28)
            ports = client.getsockname()[1], server.getsockname()[1]
            client.close()
            self.assertEqual(server.recv(1), b"")
            server.close()
            fin = sniffer.next(fin=True, sport=ports[1])
            sniffer.next(sport=ports[0], ack=fin.seq + 1)
            inject(LO6, LO6, ports[1], ports[0], fin.seq, fin.ack, ACK | 1)
            self.assertEqual(sniffer.next(sport=ports[0], ack=fin.seq + 1).tclass & 0xfc, 0x28)
        self.sniff(run)

    def test_hop_limit(self):
        def run(sniffer):
            listener, client = self.listener6(), self.socket6()
            self.set(listener, IPV6_UNICAST_HOPS, 7)
            self.set(client, IPV6_UNICAST_HOPS, 9)
            client.connect(listener.getsockname())
            self.accept(listener).send(b"hops")
            self.assertEqual(sniffer.next(control=SYN).hops, 9)
            self.assertEqual(sniffer.next(control=SYN | ACK).hops, 7)
            self.assertEqual(sniffer.next(text=b"hops").hops, 7)
        self.sniff(run)

    def label(self, sniffer, label, send):
        """Connect with this label in the address."""
        listener, client = self.listener6(), self.socket6()
        self.set(client, IPV6_AUTOFLOWLABEL, 0)
        self.set(client, IPV6_FLOWINFO_SEND, send)
        client.connect((LO6, listener.getsockname()[1], label, 0))
        client.send(b"labelled")
        segments = sniffer.next(control=SYN), sniffer.next(text=b"labelled")
        return client, self.accept(listener), [segment.label for segment in segments]

    def test_flow_label_of_the_address(self):
        def run(sniffer):
            client, _, labels = self.label(sniffer, 0x12345, True)
            self.assertEqual(labels, [0x12345] * 2)
            self.assertEqual(client.getpeername()[2], 0x12345)
        self.sniff(run)

    def test_flow_label_not_asked_for(self):
        def run(sniffer):
            client, _, labels = self.label(sniffer, 0x12345, False)
            self.assertEqual(labels, [0, 0])
            self.assertEqual(client.getpeername()[2], 0)
        self.sniff(run)

    def test_flow_label_of_one_connection(self):
        """The next one of the socket has its own, or none."""
        def run(sniffer):
            client, server, _ = self.label(sniffer, 0x12345, True)
            server.close()
            disconnect(client)
            for label in 0, 0x23456:
                listener = self.listener6()
                client.connect((LO6, listener.getsockname()[1], label, 0))
                self.assertEqual(sniffer.next(control=SYN).label, label)
                disconnect(client)
        self.sniff(run)

    def test_flow_label_that_comes_back(self):
        """net.ipv6.flowlabel_reflect, a sum: 1 connections, 2 RSTs."""
        def run(sniffer):
            for reflect in range(4):
                self.write_file("/proc/sys/net/ipv6/flowlabel_reflect", reflect)
                listener = self.listener6()
                self.set(listener, IPV6_AUTOFLOWLABEL, 0)
                for closed in False, True:
                    client = self.socket6()
                    self.set(client, IPV6_FLOWINFO_SEND)
                    address = listener.getsockname()[:2] + (0x12345, 0)
                    if closed:
                        listener.close()
                        with self.raises(errno.ECONNREFUSED):
                            client.connect(address)
                        back = sniffer.next(control=RST | ACK).label == 0x12345
                    else:
                        client.connect(address)
                        self.accept(listener).send(b"back")
                        back = sniffer.next(text=b"back").label == 0x12345
                    self.assertEqual(back, bool(reflect & (1 + closed)), (reflect, closed))
        self.sniff(run)

    def test_automatic_flow_label(self):
        def run(sniffer):
            listener = self.listener6()
            for auto in 1, 0:
                client = self.socket6()
                self.set(client, IPV6_AUTOFLOWLABEL, auto)
                client.connect(listener.getsockname())
                client.sendall(b"auto%d" % auto)
                labels = {sniffer.next(control=SYN).label, sniffer.next(text=b"auto%d" % auto).label}
                self.assertEqual(len(labels), 1)
                self.assertEqual(labels != {0}, bool(auto))
        self.sniff(run)

    def test_label_somebody_else_leased(self):
        def run(sniffer):
            lease = self.socket6()
            address = socket.inet_pton(socket.AF_INET6, LO6)
            request = address + struct.pack("!I", 0x54321) + struct.pack("=BBHHHI", 0, 1, 1, 6, 10, 0)
            self.set(lease, IPV6_FLOWLABEL_MGR, request)  # get, exclusive, create
            listener = self.listener6()
            for sock, wanted in (self.socket6(), errno.EINVAL), (lease, 0):
                self.set(sock, IPV6_FLOWINFO_SEND)
                self.assertEqual(sock.connect_ex((LO6, listener.getsockname()[1], 0x54321, 0)), wanted)
            self.assertEqual(sniffer.next(control=SYN).label, 0x54321)
        self.sniff(run)

    def test_destination_options(self):
        def run(sniffer):
            ip("link", "set", "lo", "mtu", "1500")
            listener, client = self.listener6(), self.socket6()
            self.set(client, IPV6_DSTOPTS, bytes((0, 0, 1, 4, 0, 0, 0, 0)))  # padding
            client.connect(listener.getsockname())
            server = self.accept(listener)
            self.assertEqual(sniffer.next(control=SYN).options, 8)
            self.assertEqual(self.mss(client), self.mss(server) - 8)
            client.sendall(bytes(100000))
            self.assertEqual(len(recv_exactly(server, 100000)), 100000)
        self.sniff(run)

    def test_destination_options_of_an_open_connection(self):
        def run(sniffer):
            ip("link", "set", "lo", "mtu", "1500")
            client, server = self.pair6()
            before = self.mss(client)
            self.set(client, IPV6_DSTOPTS, bytes((0, 0, 1, 4, 0, 0, 0, 0)))
            self.assertEqual(self.mss(client), before - 8)
            client.sendall(bytes(100000))
            self.assertEqual(len(recv_exactly(server, 100000)), 100000)
            self.assertEqual(sniffer.next(options=8).options, 8)
        self.sniff(run)

    @staticmethod
    def mss(sock):
        return struct.unpack_from("I", sock.getsockopt(SOL_TCP, socket.TCP_INFO, 104), 16)[0]

    def test_options_of_the_listener_are_its_childrens(self):
        def run(sniffer):
            listener = self.listener6()
            self.set(listener, IPV6_DSTOPTS, bytes((0, 0, 1, 4, 0, 0, 0, 0)))
            client = self.connected6(*listener.getsockname()[:2])
            self.accept(listener).send(b"with options")
            self.assertEqual(sniffer.next(control=SYN | ACK).options, 8)
            self.assertEqual(sniffer.next(text=b"with options").options, 8)
            self.assertEqual(recv_exactly(client, 12), b"with options")
        self.sniff(run)

    def test_mss_without_the_option(self):
        """1220 (RFC 9293 3.7.1)."""
        def run():
            sniffer, listener = self.hole(), self.listener6("fd00:1::1")
            port = listener.getsockname()[1]
            inject("fd00:1::2", "fd00:1::1", 1000, port, 100, 0, SYN)
            inject("fd00:1::2", "fd00:1::1", 1000, port, 101, sniffer.next(control=SYN | ACK).seq + 1, ACK)
            server = self.accept(listener)
            self.assertEqual(self.mss(server), 1220)
            reset(server)  # nobody would take its FIN
        self.in_namespace(run)


class Icmp(Test6):
    """ICMPv6 errors, for a SYN that nobody answers and for a connection."""

    def connecting(self):
        sock = self.socket6(flags=socket.SOCK_NONBLOCK)
        self.assertEqual(sock.connect_ex(("fd00:1::2", 9)), errno.EINPROGRESS)
        return sock

    def test_answers_to_a_syn(self):
        cases = {(UNREACHABLE, 0): errno.ENETUNREACH, (UNREACHABLE, 1): errno.EACCES,
                 (UNREACHABLE, 2): errno.EHOSTUNREACH, (UNREACHABLE, 3): errno.EHOSTUNREACH,
                 (UNREACHABLE, 4): errno.ECONNREFUSED, (UNREACHABLE, 5): errno.EACCES,
                 (UNREACHABLE, 6): errno.EACCES, (TIME_EXCEEDED, 0): errno.EHOSTUNREACH,
                 (PARAMETER_PROBLEM, 1): errno.EPROTO}

        def run():
            sniffer = self.hole()
            for (kind, code), wanted in cases.items():
                with self.subTest((kind, code)):
                    sock = self.connecting()
                    inject_icmp(kind, code, 0, sniffer.next(control=SYN, sport=sock.getsockname()[1]))
                    self.await_events(sock, "IN OUT ERR HUP RDHUP")
                    self.assertEqual(error_of(sock), wanted)
        self.in_namespace(run)

    def test_message_is_queued(self):
        """Who said what of which segment, and where in it the problem is."""
        def run():
            sniffer = self.hole()
            for kind, code, info, error in ((PARAMETER_PROBLEM, 1, 40, errno.EPROTO),
                                            (UNREACHABLE, 4, 0, errno.ECONNREFUSED)):
                sock = self.connecting()
                self.set(sock, IPV6_RECVERR)
                syn = sniffer.next(control=SYN, sport=sock.getsockname()[1])
                inject_icmp(kind, code, info, syn)
                self.eventually(lambda sock=sock: "ERR" in events(sock))
                quoted, ancillary, flags, address = sock.recvmsg(2000, 512, socket.MSG_ERRQUEUE)
                self.assertEqual(quoted[:8], syn.packet[40:48])
                self.assertEqual(flags & socket.MSG_ERRQUEUE, socket.MSG_ERRQUEUE)
                level, name, data = ancillary[0]
                self.assertEqual((level, name), (socket.IPPROTO_IPV6, IPV6_RECVERR))
                self.assertEqual(struct.unpack_from("=IBBBBII", data), (error, 3, kind, code, 0, info, 0))
                self.assertEqual(data[24:40], syn.source)  # of the message
                self.assertEqual(address[:2], ("fd00:1::2", 9))
        self.in_namespace(run)

    @staticmethod
    def in_errors():
        with open("/proc/thread-self/net/snmp6", encoding="ascii") as file:
            return int(dict(line.split() for line in file)["Icmp6InErrors"])

    def test_about_nobody_is_counted(self):
        def run():
            sniffer, sock = self.hole(), self.connecting()
            syn = sniffer.next(control=SYN)
            before = self.in_errors()
            inject_icmp(UNREACHABLE, 4, 0, Segment(syn.packet[:40] + struct.pack("!H", 1) + syn.packet[42:]))
            self.eventually(lambda: self.in_errors() - before, 1)
            self.assertEqual(events(sock), "")
        self.in_namespace(run)

    def test_wrong_sequence_number_of_a_syn(self):
        def run():
            sniffer, sock = self.hole(), self.connecting()
            syn = sniffer.next(control=SYN)
            wrong = syn.packet[:44] + struct.pack("!I", (syn.seq + 1000) & 0xffffffff) + syn.packet[48:]
            inject_icmp(UNREACHABLE, 4, 0, Segment(wrong))
            self.assertEqual(events(sock, timeout=A_WHILE), "")
        self.in_namespace(run)

    def connection(self):
        """A connection over lo and the last segment of each side."""
        sniffer = Sniffer("lo")
        client, server = self.pair6()
        client.send(b"x")
        self.assertEqual(server.recv(1), b"x")
        last = sniffer.next(text=b"x")
        return client, server, last

    def quote(self, segment, seq):
        return Segment(segment.packet[:44] + struct.pack("!I", seq & 0xffffffff) + segment.packet[48:])

    def test_connection_survives(self):
        def run():
            client, server, last = self.connection()
            for kind, code in (UNREACHABLE, 0), (UNREACHABLE, 1), (UNREACHABLE, 4):
                inject_icmp(kind, code, 0, self.quote(last, last.seq + 1))
            self.assert_talking(client, server)
            self.assertEqual(error_of(client), 0)
        self.in_namespace(run)

    def test_recverr_tells_at_once(self):
        def run():
            client, server, last = self.connection()
            self.set(client, IPV6_RECVERR)
            inject_icmp(UNREACHABLE, 4, 0, self.quote(last, last.seq + 1))
            self.await_events(client, "OUT ERR")
            self.assertEqual(error_of(client), errno.ECONNREFUSED)
            self.assert_talking(client, server)
        self.in_namespace(run)

    @staticmethod
    def pmtu(sock):
        return struct.unpack_from("I", sock.getsockopt(SOL_TCP, socket.TCP_INFO, 104), 60)[0]

    def test_packet_too_big(self):
        def run():
            client, server, last = self.connection()
            inject_icmp(PTB, 0, 1400, self.quote(last, last.seq + 1))
            self.eventually(lambda: self.pmtu(client), 1400)
            client.sendall(bytes(100000))
            self.assertEqual(len(recv_exactly(server, 100000)), 100000)
            # What a router below the least MTU of IPv6 says does not count.
            inject_icmp(PTB, 0, 1279, self.quote(last, last.seq + 100001))
            self.assert_talking(client, server)
            self.assertEqual(self.pmtu(client), 1400)
        self.in_namespace(run)

    def test_packet_too_big_for_whom_nothing_is_on_its_way(self):
        def run():
            client, server, last = self.connection()
            before = self.pmtu(client)
            inject_icmp(PTB, 0, 1400, self.quote(last, last.seq + 5000))
            self.assert_talking(client, server)
            self.assertEqual(self.pmtu(client), before)
        self.in_namespace(run)

    def test_reset_for_no_one(self):
        def run():
            sniffer = self.hole()
            inject("fd00:1::2", "fd00:1::1", 1000, 9, 100, 0, SYN)
            answer = sniffer.next(sport=9)
            self.assertEqual((answer.control, answer.ack), (RST | ACK, 101))
        self.in_namespace(run)

    def test_silence_for_those_without_a_right_to_an_answer(self):
        def run():
            sniffer = self.hole()
            inject("::ffff:127.0.0.1", "fd00:1::1", 1000, 9, 100, 0, SYN)
            inject("::", "fd00:1::1", 1000, 9, 100, 0, SYN)
            inject("fd00:1::2", "fd00:1::1", 1000, 9, 100, 0, SYN)
            self.assertEqual(sniffer.next().target, socket.inet_pton(socket.AF_INET6, "fd00:1::2"))
        self.in_namespace(run)


class Redirect(Test6):
    """RFC 4861 8.3: a router knows a better one."""
    OLD, NEW = "02:00:00:00:00:01", "02:00:00:00:00:02"

    def network(self):
        ip("link", "add", "va", "type", "veth", "peer", "name", "vb")
        for device in "va", "vb":
            ip("link", "set", device, "up")
        ip("addr", "add", "fd00:1::1/64", "dev", "va", "nodad")
        await_local("fd00:1::1")
        ip("route", "add", "2001:db8::/64", "via", "fe80::1", "dev", "va")
        for i, mac in enumerate((self.OLD, self.NEW), 1):
            ip("neigh", "add", f"fe80::{i}", "lladdr", mac, "dev", "va")

    @staticmethod
    def message(quoted):
        """From the old router: take the new one."""
        hosts = [socket.inet_pton(socket.AF_INET6, host) for host in ("fe80::1", "fd00:1::1", "fe80::2", "2001:db8::9")]
        option = struct.pack("!BB6x", 4, (8 + len(quoted) + 7) // 8) + quoted + bytes(-len(quoted) % 8)
        body = struct.pack("!BBHI", 137, 0, 0, 0) + b"".join(hosts[2:]) + option
        total = checksum(*hosts[:2], body, socket.IPPROTO_ICMPV6)
        body = body[:2] + struct.pack("!H", total) + body[4:]
        return struct.pack("!IHBB", 6 << 28, len(body), socket.IPPROTO_ICMPV6, 255) + b"".join(hosts[:2]) + body

    def test_next_syn_goes_to_the_new_router(self):
        def run():
            self.network()
            wire = self.keep(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)))
            wire.bind(("vb", 3))
            wire.settimeout(PATIENCE)
            sock = self.socket6(flags=socket.SOCK_NONBLOCK)
            self.assertEqual(sock.connect_ex(("2001:db8::9", 9)), errno.EINPROGRESS)
            routers = []
            while len(routers) < 2:
                frame = wire.recv(2000)
                if frame[12:14] == b"\x86\xdd" and frame[20] == PROTO:
                    routers.append(frame[:6].hex(":"))
                    wire.send(frame[6:12] + frame[:6] + frame[12:14] + self.message(frame[14:]))
            self.assertEqual(routers, [self.OLD, self.NEW])
        self.in_namespace(run)


class Options(Test6):
    def test_those_of_ip_on_an_ipv6_socket(self):
        sock = self.socket6()
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 9)
        self.assertEqual(sock.getsockopt(socket.IPPROTO_IP, socket.IP_TTL), 9)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0x28)
        self.assertEqual(sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) & 0xfc, 0x28)

    def test_those_of_ipv6_on_an_ipv4_socket(self):
        with self.raises(errno.ENOPROTOOPT):
            self.set(self.socket(), IPV6_TCLASS, 0)
        with self.raises(errno.EOPNOTSUPP):
            self.get(self.socket(), IPV6_TCLASS)

    def test_those_of_ipv6_on_a_mapped_connection(self):
        client, server = self.pair6(MAPPED)
        for sock in client, server:
            self.set(sock, IPV6_TCLASS, 0x28)
            self.assertEqual(self.get(sock, IPV6_TCLASS) & 0xfc, 0x28)
        self.assert_talking(client, server)

    def test_unknown_level(self):
        with self.raises(errno.ENOPROTOOPT):
            self.socket6().setsockopt(99, 1, 1)

    def test_address_stays_ipv6(self):
        """IPV6_ADDRFORM is for TCP and UDP only, and for mapped connections."""
        with self.raises(errno.ENOPROTOOPT, errno.ENOTCONN, errno.EADDRNOTAVAIL):
            self.set(self.pair6()[0], 1, socket.AF_INET)

    def test_what_a_listener_sets_its_children_have(self):
        listener = self.listener6()
        self.set(listener, IPV6_UNICAST_HOPS, 33)
        self.set(listener, IPV6_TCLASS, 0x28)
        self.connected6(*listener.getsockname()[:2])
        child = self.accept(listener)
        self.assertEqual((self.get(child, IPV6_UNICAST_HOPS), self.get(child, IPV6_TCLASS)), (33, 0x28))

    def test_device_and_hop_limit_of_the_peer(self):
        _, server = self.pair6()
        for option in IPV6_2292PKTINFO, IPV6_2292HOPLIMIT:
            self.set(server, option)
        got = server.getsockopt(socket.IPPROTO_IPV6, IPV6_2292PKTOPTIONS, 200)
        index = struct.pack("I", socket.if_nametoindex("lo"))
        self.assertIn(socket.inet_pton(socket.AF_INET6, LO6) + index, got)
        self.assertIn(struct.pack("QiiI", 20, socket.IPPROTO_IPV6, IPV6_2292HOPLIMIT, 64), got)

    def test_traffic_class_of_the_peer(self):
        """Of the segment that made the connection."""
        listener = self.listener6(ANY6)
        for host, sent, seen in (LO6, 0x40, 0x40), (MAPPED, 0, 0):
            client = self.socket6()
            self.set(client, IPV6_TCLASS, sent)
            client.connect((host, listener.getsockname()[1]))
            server = self.accept(listener)
            self.set(server, IPV6_RECVTCLASS)
            got = server.getsockopt(socket.IPPROTO_IPV6, IPV6_2292PKTOPTIONS, 200)
            self.assertEqual(got[:20], struct.pack("QiiI", 20, socket.IPPROTO_IPV6, IPV6_TCLASS, seen))


class Rows(Test6):
    @staticmethod
    def rows(path):
        """{(state, local address, local port, remote port)}"""
        result = set()
        for line in pathlib.Path(path).read_text(encoding="ascii").splitlines()[1:]:
            words = line.split()
            (local, port), (_, remote) = words[1].split(":"), words[2].split(":")
            data = b"".join(struct.pack("=I", int(local[i:i + 8], 16)) for i in range(0, len(local), 8))
            name = socket.inet_ntop(socket.AF_INET6 if len(data) == 16 else socket.AF_INET, data)
            result.add((int(words[3], 16), name, int(port, 16), int(remote, 16)))
        return result

    def assert_in(self, path, *row):
        self.eventually(lambda: row in self.rows(path) or self.rows(path))

    def assert_ports_nowhere_in(self, path, *ports):
        """Both of them: a TIME_WAIT of an earlier test may have one."""
        self.assertFalse([row for row in self.rows(path) if set(row[2:]) == set(ports)])

    def test_listeners(self):
        for host in LO6, ANY6, MAPPED:
            listener = self.listener6(host)
            port = listener.getsockname()[1]
            self.assert_in(ROWS6, LISTEN, host, port, 0)
            self.assert_ports_nowhere_in(ROWS4, port, 0)

    def test_ipv4_is_not_among_them(self):
        client, server = self.pair()
        ports = client.getsockname()[1], server.getsockname()[1]
        self.assert_in(ROWS4, ESTABLISHED, LOCALHOST, *ports)
        self.assert_ports_nowhere_in(ROWS6, *ports)

    def test_connections(self):
        for host in LO6, MAPPED:
            client, server = self.pair6(host)
            ports = client.getsockname()[1], server.getsockname()[1]
            self.assert_in(ROWS6, ESTABLISHED, host, *ports)
            self.assert_in(ROWS6, ESTABLISHED, host, *ports[::-1])
            self.assert_ports_nowhere_in(ROWS4, *ports)

    def test_each_end_by_its_socket(self):
        client = self.connected6(MAPPED, self.listener().getsockname()[1])
        ports = client.getsockname()[1], client.getpeername()[1]
        self.assert_in(ROWS6, ESTABLISHED, MAPPED, *ports)
        self.assert_in(ROWS4, ESTABLISHED, LOCALHOST, *ports[::-1])

    def test_time_wait(self):
        for host in LO6, MAPPED:
            client, server = self.pair6(host)
            ports = client.getsockname()[1], server.getsockname()[1]
            client.close()
            self.assertEqual(server.recv(1), b"")
            server.close()
            self.assert_in(ROWS6, TIME_WAIT, host, *ports)
            self.assert_ports_nowhere_in(ROWS4, *ports)

    def test_half_open(self):
        def run():
            self.hole()
            listener = self.listener6(ANY6)
            port = listener.getsockname()[1]
            inject("fd00:1::2", "fd00:1::1", 1000, port, 100, 0, SYN)
            self.assert_in(ROWS6, SYN_RECV, "fd00:1::1", port, 1000)
        self.in_namespace(run)

    def test_ss_reads_it(self):
        client, server = self.pair6()
        env = dict(os.environ, PROC_NET_TCP=ROWS4, PROC_NET_TCP6=ROWS6)
        shown = subprocess.run(["ss", "-6tan"], env=env, capture_output=True, text=True, check=True).stdout
        for sock in client, server:
            self.assertIn("[%s]:%d" % sock.getsockname()[:2], shown)

    def test_many_rows_are_each_shown_once(self):
        listener = self.listener6(ANY6, backlog=300)
        port = listener.getsockname()[1]
        ports = sorted(self.connected6((LO6, MAPPED)[i % 2], port).getsockname()[1] for i in range(200))
        self.assertEqual(sorted(row[2] for row in self.rows(ROWS6) if row[3] == port), ports)


class Trace(Test6):
    TRACING = pathlib.Path("/sys/kernel/tracing")

    def test_addresses(self):
        if PROTO == 6:
            self.skipTest("of xtcp only")
        if not (self.TRACING / "events").is_dir():
            subprocess.run(["mount", "-t", "tracefs", "tracefs", str(self.TRACING)], check=False)
        enable = self.TRACING / "events/xtcp/xtcp_set_state/enable"
        if not enable.exists():
            self.skipTest("this kernel has no tracefs")
        enable.write_text("1", encoding="ascii")
        self.addCleanup(enable.write_text, "0", encoding="ascii")
        for host, shown in (LO6, LO6), (MAPPED, MAPPED):
            port = self.pair6(host)[0].getsockname()[1]
            v4 = LOCALHOST if host == MAPPED else "0.0.0.0"
            wanted = f"saddr={v4} daddr={v4} saddrv6={shown} daddrv6={shown} oldstate=SYN_SENT"
            self.eventually(lambda port=port, wanted=wanted: any(wanted in line for line in self.lines(port)))

    def lines(self, port):
        lines = (self.TRACING / "trace").read_text(encoding="ascii").splitlines()
        return [line for line in lines if f" sport={port} " in line]


if __name__ == "__main__":
    unittest.main()
