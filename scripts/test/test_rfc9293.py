"""Requirements of RFC 9293 that no other test shows; kunit/rfc9293.md says which test shows which requirement."""
import errno
import os
import select
import socket
import struct
import subprocess
import time
import unittest

from xtcp_sockets import A_WHILE, LOCALHOST, PATIENCE, PROTO, SocketTest, await_local

IP_OPTIONS = 4
END, NOP, RECORD_ROUTE, TIMESTAMP, LOOSE_ROUTE, UNKNOWN = 0, 1, 7, 0x44, 0x83, 0x9e
SYN, RST, PSH, ACK = 2, 4, 8, 16
MULTICAST, BROADCAST, SUBNET_BROADCAST = "224.0.0.1", "255.255.255.255", "127.255.255.255"


def internet_sum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def syn(source, dest, port):
    """An IP packet with a SYN from port 40000."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    addresses = socket.inet_pton(family, source) + socket.inet_pton(family, dest)
    header = struct.pack("!HHIIBBHHH", 40000, port, 1000, 0, 5 << 4, SYN, 65535, 0, 0)
    pseudo = addresses + struct.pack("!II", len(header), PROTO)
    header = header[:16] + struct.pack("!H", internet_sum(pseudo + header)) + header[18:]
    if family == socket.AF_INET6:
        return struct.pack("!IHBB", 6 << 28, len(header), PROTO, 64) + addresses + header
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(header), 0, 0, 64, PROTO, 0) + addresses
    return ip[:10] + struct.pack("!H", internet_sum(ip)) + ip[12:] + header


class Packet:
    """An IP packet as it came from a raw socket."""

    def __init__(self, data):
        start = (data[0] & 15) * 4
        self.tos, self.ttl = data[1], data[8]
        self.source, self.dest = (socket.inet_ntoa(data[i:i + 4]) for i in (12, 16))
        self.options = data[20:start]
        self.ports = struct.unpack_from("!HH", data, start)
        self.flags = data[start + 13]
        self.text = data[start + (data[start + 12] >> 4) * 4:]


class WireTest(SocketTest):
    """Sees and sends packets of the protocol."""

    def setUp(self):
        super().setUp()
        try:
            self.wire = self.keep(socket.socket(socket.AF_INET, socket.SOCK_RAW, PROTO))
        except PermissionError as error:
            self.skipTest(f"no raw sockets: {error}")
        self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

    def next_packet(self, wanted, timeout=PATIENCE):
        """The next packet that is wanted, or None."""
        end = time.monotonic() + timeout
        while select.select([self.wire], [], [], max(0, end - time.monotonic()))[0]:
            packet = Packet(self.wire.recv(65536))
            if wanted(packet):
                return packet
        return None

    def sent_by(self, sock, flags=PSH):
        """The next segment of a socket with one of these flags."""
        port = sock.getsockname()[1]
        packet = self.next_packet(lambda p: p.ports[0] == port and p.flags & flags)
        self.assertIsNotNone(packet, "no such segment")
        return packet


class Cable(SocketTest):
    """Section 3.9.2.3, MUST-57 and MUST-63: what comes by a cable from, or to, addresses that no connection has."""

    HERE, THERE = ("10.9.9.1", "fd09::1"), ("10.9.9.2", "fd09::2")
    NOT_TO = ("224.0.0.1", "255.255.255.255", "10.9.9.255"), ("ff02::1",)
    NOT_FROM = ("224.0.0.1", "255.255.255.255", "127.0.0.1"), ("ff02::1", "::", "::1", "::ffff:10.9.9.2")
    BROADCAST_MAC = b"\xff" * 6

    def setUp(self):
        super().setUp()
        if os.geteuid():
            self.skipTest("needs root")
        self.ip("link", "add", "xr0", "type", "veth", "peer", "name", "xr1")
        self.addCleanup(self.ip, "link", "del", "xr0")
        self.ip("link", "set", "xr0", "up")
        self.ip("link", "set", "xr1", "up")
        self.cable = self.keep(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)))  # every protocol
        self.cable.bind(("xr1", 3))
        self.here, self.there = (self.mac(device) for device in ("xr0", "xr1"))
        for address, peer, bits in zip(self.HERE, self.THERE, (24, 64)):
            self.ip("addr", "add", f"{address}/{bits}", "dev", "xr0", *(["nodad"] if bits == 64 else []))
            if bits == 64:
                await_local(address)
            self.ip("neigh", "replace", peer, "lladdr", self.there.hex(":"), "dev", "xr0")
        self.eventually(lambda: self.mac("xr0", "operstate"), "up")

    @staticmethod
    def ip(*args):
        subprocess.run(("ip", *args), check=True)

    @staticmethod
    def mac(device, what="address"):
        with open(f"/sys/class/net/{device}/{what}", encoding="ascii") as file:
            text = file.read().strip()
        return bytes.fromhex(text.replace(":", "")) if what == "address" else text

    def answer(self, port, source, dest, mac=None):
        """The control bits of the answer to a SYN, 0 if there is none."""
        six = ":" in source
        packet = syn(source, dest, port)
        self.cable.send((mac or self.here) + self.there + (b"\x86\xdd" if six else b"\x08\x00") + packet)
        end = time.monotonic() + (PATIENCE if mac is None and source in self.THERE and dest in self.HERE else A_WHILE)
        while select.select([self.cable], [], [], max(0, end - time.monotonic()))[0]:
            segment = self.cable.recv(65536)[14 + (40 if six else 20):]
            if segment[:4] == struct.pack("!HH", port, 40000):
                return segment[13]
        return 0

    def port(self, listening):
        sock = self.keep(socket.socket(socket.AF_INET6, socket.SOCK_STREAM, PROTO))
        sock.bind(("::", 0))
        if listening:
            sock.listen()
        return sock.getsockname()[1]

    def assert_ignored(self, port):
        for here, there, sources, dests in zip(self.HERE, self.THERE, self.NOT_FROM, self.NOT_TO):
            for source in sources:
                self.assertEqual(self.answer(port, source, here), 0, source)
            for dest in dests:
                self.assertEqual(self.answer(port, there, dest), 0, dest)
            self.assertEqual(self.answer(port, there, here, self.BROADCAST_MAC), 0)

    @unittest.skipIf(PROTO == 6, "the kernel's TCP answers unless IP filters by reverse path")
    def test_broadcast_address_of_the_cable(self):
        """Its IP layer lets it through as a source: here it is the one that answers who looks."""
        for listening in (True, False):
            self.assertEqual(self.answer(self.port(listening), "10.9.9.255", self.HERE[0]), 0)

    def test_no_connection(self):
        port = self.port(listening=True)
        self.assert_ignored(port)
        for here, there in zip(self.HERE, self.THERE):
            self.assertEqual(self.answer(port, there, here), SYN | ACK)

    def test_no_reset(self):
        port = self.port(listening=False)
        self.assert_ignored(port)
        for here, there in zip(self.HERE, self.THERE):
            self.assertEqual(self.answer(port, there, here), RST | ACK)


class Addresses(WireTest):
    """Section 3.9.1.1."""

    def test_open_to_broadcast_or_multicast(self):
        """MUST-46"""
        for host in (MULTICAST, SUBNET_BROADCAST, BROADCAST):
            with self.raises(errno.ENETUNREACH):
                self.socket().connect((host, 80))

    def test_open_to_multicast_of_ipv6(self):
        """MUST-46"""
        sock = self.keep(socket.socket(socket.AF_INET6, socket.SOCK_STREAM, PROTO))
        with self.raises(errno.ENETUNREACH):
            sock.connect(("ff02::1", 80, 0, 1))

    def test_answers_come_from_the_address_called(self):
        """MUST-45: the wildcard listener's SYN-ACK and text."""
        listener = self.listener(host="0.0.0.0")
        client = self.socket()
        client.connect(("127.0.0.3", listener.getsockname()[1]))
        self.assertEqual(self.sent_by(listener, SYN).source, "127.0.0.3")
        self.accept(listener).send(b"x")
        self.assertEqual(self.sent_by(listener).source, "127.0.0.3")

    def test_ip_chooses_the_source_of_a_syn(self):
        """MUST-44"""
        listener = self.listener(host="0.0.0.0")
        client = self.socket()
        client.connect(("127.0.0.3", listener.getsockname()[1]))
        self.assertEqual(self.sent_by(client, SYN).source, client.getsockname()[0])
        self.assertNotEqual(client.getsockname()[0], "0.0.0.0")


class Open(SocketTest):
    def test_listening_leaves_the_others_alone(self):
        """MUST-41: a second listen() makes a record of its own or fails; connections of the port go on."""
        first = self.listener(reuseaddr=True)
        client, server = self.pair(first)
        with self.raises(errno.EADDRINUSE):
            self.listener(port=first.getsockname()[1], reuseaddr=True)
        self.assert_talking(client, server)
        self.assert_talking(*self.pair(first))
        first.close()
        second = self.listener(port=server.getsockname()[1], reuseaddr=True)
        self.assert_talking(client, server)
        self.assert_talking(*self.pair(second))


class Header(WireTest):
    """What the user says of the IP header is what goes out."""

    def assert_sent(self, sock, **wanted):
        sock.send(b"x")
        packet = self.sent_by(sock)
        for field, value in wanted.items():
            self.assertEqual(getattr(packet, field), value, field)

    def test_ttl(self):
        """MUST-49"""
        for sock in self.pair():
            for value in (7, 200):
                sock.setsockopt(socket.SOL_IP, socket.IP_TTL, value)
                self.assert_sent(sock, ttl=value)

    def test_ttl_of_syn_and_syn_ack(self):
        """MUST-49"""
        listener, client = self.listener(), self.socket()
        for sock, value in ((listener, 9), (client, 11)):
            sock.setsockopt(socket.SOL_IP, socket.IP_TTL, value)
        client.connect(listener.getsockname())
        self.assertEqual(self.sent_by(client, SYN).ttl, 11)
        self.assertEqual(self.sent_by(listener, SYN).ttl, 9)

    def test_diffserv_field(self):
        """MUST-48, SHLD-22; SHLD-21: also changed while the connection lasts."""
        for sock in self.pair():
            for value in (0x28, 0xb8):
                sock.setsockopt(socket.SOL_IP, socket.IP_TOS, value)
                self.assert_sent(sock, tos=value)

    def test_diffserv_field_of_syn_and_syn_ack(self):
        """MUST-48"""
        listener, client = self.listener(), self.socket()
        for sock, value in ((listener, 0x50), (client, 0x70)):
            sock.setsockopt(socket.SOL_IP, socket.IP_TOS, value)
        client.connect(listener.getsockname())
        self.assertEqual(self.sent_by(client, SYN).tos, 0x70)
        self.assertEqual(self.sent_by(listener, SYN).tos, 0x50)


class IpOptions(WireTest):
    """Section 3.9.2."""

    def connected_with(self, options, host=LOCALHOST):
        listener = self.listener(host="0.0.0.0")
        client = self.socket()
        client.setsockopt(socket.SOL_IP, IP_OPTIONS, options)
        client.connect((host, listener.getsockname()[1]))
        return client, self.accept(listener)

    def options_of(self, client, server):
        """Those of the SYN and of text; both ways text goes."""
        opening = self.sent_by(client, SYN)
        self.assert_talking(client, server)
        return opening.options, self.sent_by(client).options

    def test_unknown_ones_are_ignored(self):
        """MUST-50"""
        options = bytes((UNKNOWN, 4, 1, 2))
        self.assertEqual(self.options_of(*self.connected_with(options)), (options, options))

    def test_record_route(self):
        """MAY-11: each host on the way writes itself down."""
        for options in self.options_of(*self.connected_with(bytes((RECORD_ROUTE, 11, 4, *bytes(8), END)))):
            self.assertEqual(options[0], RECORD_ROUTE)
            self.assertEqual(socket.inet_ntoa(options[3:7]), LOCALHOST)

    def test_timestamp(self):
        """MAY-10"""
        for options in self.options_of(*self.connected_with(bytes((TIMESTAMP, 12, 5, 0, *bytes(8))))):
            self.assertEqual(options[0], TIMESTAMP)
            self.assertNotEqual(options[4:8], bytes(4))

    def loose_route(self, *hops):
        return bytes((NOP, LOOSE_ROUTE, 3 + 4 * len(hops), 4)) + b"".join(map(socket.inet_aton, hops))

    def assert_route(self, packet_options, *hops):
        """The packet itself goes to the first hop; what the option says is what is left of the way."""
        self.assertEqual(packet_options, self.loose_route(*hops[1:], LOCALHOST))

    def source_routing(self):
        self.sysctl("net/ipv4/conf/all/accept_source_route", 1)
        for knob in ("accept_source_route", "accept_local", "route_localnet"):
            self.sysctl("net/ipv4/conf/lo/" + knob, 1)

    def test_source_route(self):
        """MUST-51: from the SYN on."""
        self.source_routing()
        client, server = self.connected_with(self.loose_route("127.0.0.2", "127.0.0.3"))
        for options in self.options_of(client, server):
            self.assert_route(options, "127.0.0.2", "127.0.0.3")
        self.assertEqual(server.getsockname()[0], LOCALHOST)

    def test_source_route_of_the_peer_does_not_replace_ours(self):
        """MUST-52"""
        self.source_routing()
        client, server = self.connected_with(self.loose_route("127.0.0.2"))
        server.setsockopt(socket.SOL_IP, IP_OPTIONS, self.loose_route("127.0.0.4", "127.0.0.5"))
        server.send(b"x")
        self.assert_route(self.sent_by(server).options, "127.0.0.4", "127.0.0.5")
        self.assertEqual(client.recv(1), b"x")
        client.send(b"y")
        self.assert_route(self.sent_by(client).options, "127.0.0.2")


if __name__ == "__main__":
    unittest.main()
