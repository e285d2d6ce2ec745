"""xtcp on protocol 6 against the kernel's TCP, which nobody here wrote: two hosts, either at either end, both families.

What goes over the cable is written to oracle-*.pcap, but for the megabytes; captures.sh shows it to tshark afterwards.
"""
import contextlib
import errno
import hashlib
import os
import socket
import struct
import time
import unittest

from two_hosts import TwoHosts
from xtcp_sockets import (CLOSE, CLOSE_WAIT, ESTABLISHED, FIN_WAIT1, FIN_WAIT2, LAST_ACK, PROTO, SIOCINQ, SOL_TCP,
                          SocketTest, Task, error_of, events, fill, ioctl_int, recv_all, recv_exactly, reset,
                          set_linger, tcp_state)

SOL_XTCP, WIRE_PROTOCOL = 253, 9
MIB, SOME = 1 << 20, 1 << 16
BULK_PORTS = range(7000, 7010)  # of what is not captured
BULK = {"small": 2, "large": 100}.get(os.environ.get("XTCP_TEST_SIZE"), 5)  # MiB each way
FAMILIES = socket.AF_INET, socket.AF_INET6
OPT_TIMESTAMPS, OPT_WSCALE, OPT_SYN_DATA = 1, 4, 32  # bits of tcpi_options
TCP_FASTOPEN, TCP_FASTOPEN_CONNECT, TCP_FASTOPEN_KEY, MSG_FASTOPEN = 23, 30, 33, 0x20000000
SYN, RST, PSH, ACK = 2, 4, 8, 16

NET = None


def setUpModule():  # pylint: disable=invalid-name
    global NET  # pylint: disable=global-statement
    if PROTO != 253:
        raise unittest.SkipTest("xtcp and TCP together")
    NET = TwoHosts()
    NET.offload("off")


def tearDownModule():  # pylint: disable=invalid-name
    if NET:
        NET.remove()


def tcp_options(sock):
    """(tcpi_options, window scales of the peer and our own)"""
    info = sock.getsockopt(SOL_TCP, socket.TCP_INFO, 8)
    return info[5], info[6] & 15, info[6] >> 4


class Connection:
    """One between the two stacks; `name` says which at which end."""

    def __init__(self, test, client_stack, family):
        self.test, self.family, self.client_stack = test, family, client_stack
        self.server_stack = "tcp" if client_stack == "xtcp" else "xtcp"
        self.name = f"{client_stack} to {self.server_stack}, {family.name}"
        self.listener = test.make(1, self.server_stack, family)
        self.client = test.make(0, client_stack, family)
        self.server = None

    def listen(self, port, backlog):
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((NET[1].address[self.family], port))
        self.listener.listen(backlog)
        return self

    def connect(self):
        self.client.connect(self.listener.getsockname())
        return self

    def begin(self):
        self.client.setblocking(False)
        self.test.assertEqual(self.client.connect_ex(self.listener.getsockname()), errno.EINPROGRESS)

    def accept(self):
        self.server = self.test.keep(self.listener.accept()[0])
        self.listener.close()
        return self.client, self.server

    def ends_by_stack(self):
        """(socket of xtcp, socket of TCP)"""
        ends = self.client, self.server
        return ends if self.client_stack == "xtcp" else ends[::-1]


class OracleTest(SocketTest):
    captured = True

    @classmethod
    def setUpClass(cls):
        if cls.captured and "XTCP_OUT" in os.environ:
            NET.capture(f"{os.environ['XTCP_OUT']}/oracle-{cls.__name__.lower()}.pcap",
                        f"tcp and not portrange {BULK_PORTS[0]}-{BULK_PORTS[-1]}")
            cls.addClassCleanup(NET.end_capture)

    def make(self, host, stack, family):
        with NET[host]:
            sock = self.keep(socket.socket(family, socket.SOCK_STREAM, 253 if stack == "xtcp" else 6))
        if stack == "xtcp":
            sock.setsockopt(SOL_XTCP, WIRE_PROTOCOL, 6)
        return sock

    def listening(self, families=FAMILIES, ports=(0,) * 4, backlog=16):
        """One connection to be of each kind: client and server of either stack, each family."""
        kinds = [(stack, family) for family in families for stack in ("xtcp", "tcp")]
        return [Connection(self, *kind).listen(port, backlog) for kind, port in zip(kinds, ports)]

    def connected(self, families=FAMILIES, **how):
        connections = self.listening(families, **how)
        for one in connections:
            one.connect().accept()
        return connections

    def each(self, connections=None):
        """Both ends of each connection, a subtest each."""
        for one in connections or self.connected():
            with self.subTest(one.name):
                yield one.client, one.server

    @contextlib.contextmanager
    def knobs(self, host, **values):
        """Knobs of both stacks of a host; xtcp's have the names of TCP's without tcp_."""
        names = {stack + name: value for name, value in values.items() for stack in ("ipv4/tcp_", "xtcp/")}
        old = {name: NET[host].sysctl(name, value) for name, value in names.items()}
        try:
            yield
        finally:
            for name, value in old.items():
                NET[host].sysctl(name, value)

    @contextlib.contextmanager
    def link(self, netem):
        NET.link(netem)
        try:
            yield
        finally:
            NET.link()


class Opening(OracleTest):
    def finish(self, connections):
        """All of them come into being, whatever was lost."""
        for one in connections:
            with self.subTest(one.name):
                self.await_events(one.client, "OUT")
                one.client.setblocking(True)
                self.assert_talking(*one.accept())

    def open_all_but(self, host, what):
        connections = self.listening()
        with NET[host].losing(what):
            for one in connections:
                one.begin()
            NET[host].await_drops(len(connections))
        self.finish(connections)

    def test_talk(self):
        for client, server in self.each():
            self.assert_talking(client, server)

    def test_syn_lost(self):
        self.open_all_but(1, "tcp flags & (syn | ack) == syn")

    def test_syn_ack_lost(self):
        self.open_all_but(0, "tcp flags & (syn | ack) == syn | ack")

    def test_ack_lost(self):
        """The client takes itself for connected; the server repeats its SYN-ACK."""
        self.open_all_but(1, "tcp flags & (syn | ack) == ack")

    def test_ack_lost_text_stands_for_it(self):
        connections = self.listening()
        with NET[1].losing("tcp flags & (syn | ack | psh) == ack"):
            for one in connections:
                one.connect()
                one.client.sendall(b"text tells it too")
                self.assertEqual(recv_exactly(one.accept()[1], 17), b"text tells it too")

    def test_ack_lost_fin_stands_for_it(self):
        connections = self.listening()
        with NET[1].losing("tcp flags & (syn | ack | fin) == ack"):
            for one in connections:
                one.connect()
                one.client.shutdown(socket.SHUT_WR)
                self.assertEqual(one.accept()[1].recv(1), b"")

    def test_everything_twice(self):
        with self.link("duplicate 100% delay 1ms"):
            connections = self.connected()
            for client, server in self.each(connections):
                self.assert_talking(client, server)
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(server.recv(1), b"")
                server.shutdown(socket.SHUT_WR)
                self.assertEqual(client.recv(1), b"")

    def test_mapped(self):
        """AF_INET6 sockets that speak IPv4."""
        server_address = NET[1].address[socket.AF_INET]
        for stack, other in (("xtcp", "tcp"), ("tcp", "xtcp")):
            listener = self.make(1, stack, socket.AF_INET6)
            listener.bind(("::", 0))
            listener.listen()
            client = self.make(0, other, socket.AF_INET6)
            client.connect(("::ffff:" + server_address, listener.getsockname()[1]))
            self.assert_talking(client, self.accept(listener))

    def test_refused(self):
        for one in self.listening():
            address = one.listener.getsockname()
            one.listener.close()
            with self.subTest(one.name), self.raises(errno.ECONNREFUSED):
                one.client.connect(address)

    def test_simultaneous(self):
        with self.link("delay 20ms"):
            for family in FAMILIES:
                ends = self.make(0, "xtcp", family), self.make(1, "tcp", family)
                for host, end in enumerate(ends):
                    end.bind((NET[host].address[family], 0))
                    end.setblocking(False)
                for end, other in (ends, ends[::-1]):
                    self.assertEqual(end.connect_ex(other.getsockname()), errno.EINPROGRESS)
                for end in ends:
                    self.await_events(end, "OUT")
                    end.setblocking(True)
                self.assert_talking(*ends)

    def test_full_accept_queue(self):
        """Whoever finds no room comes in when there is some."""
        # With cookies the kernel's TCP forgets a client whose ACK found no room; a silent one waits for ever.
        self.addCleanup(NET[1].sysctl, "ipv4/tcp_syncookies", NET[1].sysctl("ipv4/tcp_syncookies", 0))
        connections = self.listening(backlog=0)
        for one in connections:
            with self.subTest(one.name):
                waiting = [self.make(0, one.client_stack, one.family) for _ in range(3)]
                for sock in waiting:
                    sock.setblocking(False)
                    sock.connect_ex(one.listener.getsockname())
                for _ in waiting:
                    self.accept(one.listener)
                for sock in waiting:
                    self.await_events(sock, "OUT")


class FastOpen(OracleTest):
    """Either stack takes the other's cookies, text and refusals."""

    TEXT = b"in the SYN"

    def setUp(self):
        super().setUp()
        for host in 0, 1:
            knobs = self.knobs(host, fastopen=3)
            knobs.__enter__()  # pylint: disable=unnecessary-dunder-call
            self.addCleanup(knobs.__exit__, None, None, None)
        NET[0].run("ip tcp_metrics flush")  # the kernel's cookies
        cache = NET[0].sysctl("xtcp/fastopen_cache", 0)
        NET[0].sysctl("xtcp/fastopen_cache", cache)

    def listening(self, *args, limit=5, **how):
        connections = super().listening(*args, **how)
        for one in connections:
            one.listener.setsockopt(SOL_TCP, TCP_FASTOPEN, limit)
        return connections

    def another_client(self, one):
        for end in one.client, one.server:
            if end:
                end.close()
        one.client = self.make(0, one.client_stack, one.family)
        return one

    def meet(self, one):
        """A first connection: its client has a cookie then."""
        one.client.sendto(b"first", MSG_FASTOPEN, one.listener.getsockname())
        one.server = self.keep(one.listener.accept()[0])
        self.assertEqual(recv_exactly(one.server, 5), b"first")
        self.assert_text_in_syn(one, False)
        return self.another_client(one)

    def acquainted(self, **how):
        return [self.meet(one) for one in self.listening(**how)]

    def assert_text_in_syn(self, one, wanted):
        for end in one.client, one.server:
            self.assertEqual(bool(tcp_options(end)[0] & OPT_SYN_DATA), wanted, one.name)

    def talk(self, one, text=TEXT, in_syn=True):
        """Text in the SYN, and then text in both directions."""
        self.assertEqual(one.client.sendto(text, MSG_FASTOPEN, one.listener.getsockname()), len(text))
        one.server = self.keep(one.listener.accept()[0])
        self.assertEqual(recv_exactly(one.server, len(text)), text)
        self.assert_talking(one.client, one.server)
        self.assert_text_in_syn(one, in_syn)

    def test_text_in_syn(self):
        for one in self.acquainted():
            with self.subTest(one.name):
                self.talk(one)

    def test_more_than_a_segment(self):
        for one in self.acquainted():
            with self.subTest(one.name):
                self.talk(one, bytes(range(250)) * 40)

    def test_server_knows_nothing_of_it(self):
        for one in self.acquainted():
            with self.subTest(one.name):
                one.listener.setsockopt(SOL_TCP, TCP_FASTOPEN, 0)
                self.talk(one, in_syn=False)

    def test_cookie_of_before(self):
        """Another key: the cookie is refused, and a new one comes with the refusal."""
        for one in self.acquainted():
            with self.subTest(one.name):
                one.listener.setsockopt(SOL_TCP, TCP_FASTOPEN_KEY, b"some other key !")
                self.talk(one, in_syn=False)
                self.talk(self.another_client(one))

    def test_connect_waits_for_text(self):
        for one in self.acquainted():
            with self.subTest(one.name):
                one.client.setsockopt(SOL_TCP, TCP_FASTOPEN_CONNECT, 1)
                one.connect()
                one.client.sendall(self.TEXT)
                one.server = self.keep(one.listener.accept()[0])
                self.assertEqual(recv_exactly(one.server, len(self.TEXT)), self.TEXT)
                self.assert_text_in_syn(one, True)
                self.assert_talking(one.client, one.server)

    def test_syn_lost(self):
        """The second SYN is an ordinary one; the text follows the handshake."""
        connections = self.acquainted()
        with NET[1].losing("tcp flags & (syn | ack) == syn"):
            for one in connections:
                one.client.setblocking(False)
                one.client.sendto(self.TEXT, MSG_FASTOPEN, one.listener.getsockname())
            NET[1].await_drops(len(connections))
        for one in connections:
            with self.subTest(one.name):
                one.server = self.keep(one.listener.accept()[0])
                self.assertEqual(recv_exactly(one.server, len(self.TEXT)), self.TEXT)
                one.client.setblocking(True)
                self.assert_talking(one.client, one.server)
                self.assert_text_in_syn(one, False)

    def test_answer_before_the_handshake_is_complete(self):
        """The server's text arrives although nothing of the client's does any more; the kernel keeps its FIN back."""
        connections = self.acquainted()
        with NET[1].losing("tcp flags & (syn | ack) == ack"):
            for one in connections:
                with self.subTest(one.name):
                    one.client.setblocking(False)
                    one.client.sendto(self.TEXT, MSG_FASTOPEN, one.listener.getsockname())
                    one.server = self.keep(one.listener.accept()[0])
                    self.assertEqual(recv_exactly(one.server, len(self.TEXT)), self.TEXT)
                    one.server.sendall(b"answer")
                    one.server.shutdown(socket.SHUT_WR)
                    one.client.setblocking(True)
                    self.assertEqual(recv_exactly(one.client, 6), b"answer")
        for one in connections:
            with self.subTest(one.name):
                self.assertEqual(recv_all(one.client), b"")
                one.client.sendall(b"late")
                one.client.shutdown(socket.SHUT_WR)
                self.assertEqual(recv_all(one.server), b"late")

    def test_route_without_cookies(self):
        """Where a route says fastopen_no_cookie at both ends, the first SYN has text already."""
        for host, other in (0, 1), (1, 0):
            for family, length in zip(FAMILIES, (32, 128)):
                route = f"{NET[other].address[family]}/{length} dev {NET[host].device}"
                NET[host].run(f"ip route add {route} fastopen_no_cookie 1")
                self.addCleanup(NET[host].run, f"ip route del {route}")
        for one in self.listening():
            with self.subTest(one.name):
                self.talk(one)

    def test_one_key_for_both(self):
        """Servers of both kinds behind one address: the cookie of one is good at the other."""
        for family in FAMILIES:
            for client in "xtcp", "tcp":
                for other in self.listening([family]):
                    other.listener.setsockopt(SOL_TCP, TCP_FASTOPEN_KEY, b"a key for both !")
                    with self.subTest(f"{client}, {other.server_stack} first, {family.name}"):
                        self.assert_good_at_the_other(client, other)

    def assert_good_at_the_other(self, client, first):
        NET[0].run("ip tcp_metrics flush")
        cache = NET[0].sysctl("xtcp/fastopen_cache", 0)
        NET[0].sysctl("xtcp/fastopen_cache", cache)
        first.client.close()
        first.client = self.make(0, client, first.family)
        first.client_stack = client
        self.meet(first)
        second = Connection(self, first.server_stack, first.family).listen(0, 16)  # of the other stack
        second.listener.setsockopt(SOL_TCP, TCP_FASTOPEN, 5)
        second.listener.setsockopt(SOL_TCP, TCP_FASTOPEN_KEY, b"a key for both !")
        second.client.close()
        second.client = first.client
        self.talk(second)


class Options(OracleTest):
    def assert_agreed(self, bit, wanted):
        for client, server in self.each():
            for end in client, server:
                self.assertEqual(bool(tcp_options(end)[0] & bit), wanted)
            self.assertEqual(tcp_options(client)[1:], tcp_options(server)[:0:-1])
            self.assert_talking(client, server)
            task = Task(client.sendall, bytes(MIB))
            self.assertEqual(len(recv_exactly(server, MIB)), MIB)
            task.result()

    def test_no_timestamps(self):
        for host in (0, 1):
            with self.knobs(host, timestamps=0):
                self.assert_agreed(OPT_TIMESTAMPS, False)

    def test_no_window_scaling(self):
        for host in (0, 1):
            with self.knobs(host, window_scaling=0):
                self.assert_agreed(OPT_WSCALE, False)

    def test_both(self):
        self.assert_agreed(OPT_TIMESTAMPS, True)
        self.assert_agreed(OPT_WSCALE, True)

    def test_kernel_asks_for_ecn(self):
        for host in (0, 1):
            self.addCleanup(NET[host].sysctl, "ipv4/tcp_ecn", NET[host].sysctl("ipv4/tcp_ecn", 1))
        for client, server in self.each():
            self.assert_talking(client, server)

    def test_smaller_mtu_at_one_end(self):
        NET[0].run("ip link set veth0 mtu 1300")
        self.addCleanup(NET[0].run, "ip link set veth0 mtu 1500")
        for client, server in self.each():
            self.assertLessEqual(server.getsockopt(SOL_TCP, socket.TCP_MAXSEG), 1300 - 40)
            for sender, receiver in ((client, server), (server, client)):
                task = Task(sender.sendall, bytes(SOME))
                self.assertEqual(len(recv_exactly(receiver, SOME)), SOME)
                task.result()

    def test_old_timestamp(self):
        """PAWS: a segment in the window with an older timestamp is not text (RFC 7323 section 5)."""
        for one in self.connected((socket.AF_INET,)):
            with self.subTest(one.name):
                forger = Forger(self, one)
                self.assert_talking(one.client, one.server)
                forger.inject(b"stale", ts_shift=-1000)
                self.assert_talking(one.client, one.server)
                forger.inject(b"fresh", ts_shift=0)
                self.assertEqual(recv_exactly(one.server, 5), b"fresh")
                for end in one.client, one.server:  # these two will not agree on anything again
                    reset(end)


class Cookies(OracleTest):
    """Servers that remember nothing of a SYN: all that was agreed on comes back with the third segment."""

    def setUp(self):
        super().setUp()
        self.enterContext(self.knobs(1, syncookies=2))

    @staticmethod
    def received():
        """How many connections came into being by cookie: with the kernel's TCP, with xtcp."""
        words = NET[1].run("nstat -asz TcpExtSyncookiesRecv; PROC_NET_NETSTAT=/proc/net/xtcp_netstat nstat -asz "
                           "XtcpSyncookiesRecv").split()
        return [int(words[words.index(name) + 1]) for name in ("TcpExtSyncookiesRecv", "XtcpSyncookiesRecv")]

    @contextlib.contextmanager
    def one_of_each_kind(self):
        """Each of the connections the block opens is by a cookie."""
        before = self.received()
        yield
        self.assertEqual([after - x for after, x in zip(self.received(), before)], [len(FAMILIES)] * 2)

    def assert_streams(self, timestamps):
        """Window scaling needs the timestamp, which has its bits."""
        with self.one_of_each_kind():
            connections = self.connected()
        blob = os.urandom(4 * SOME)
        for client, server in self.each(connections):
            for end in client, server:
                for bit in OPT_TIMESTAMPS, OPT_WSCALE:
                    self.assertEqual(bool(tcp_options(end)[0] & bit), timestamps)
            self.assertEqual(tcp_options(client)[1:], tcp_options(server)[:0:-1])
            for sender, receiver in ((client, server), (server, client)):
                task = Task(sender.sendall, blob)
                self.assertEqual(recv_exactly(receiver, len(blob)), blob)
                task.result()

    def test_with_timestamps(self):
        self.assert_streams(True)

    def test_without_timestamps_at_one_end(self):
        for host in (0, 1):
            with self.knobs(host, timestamps=0):
                self.assert_streams(False)

    def test_third_segment_lost_text_stands_for_it(self):
        with self.one_of_each_kind():
            connections = self.listening()
            with NET[1].losing("tcp flags & (syn | ack | psh) == ack"):
                for one in connections:
                    one.connect()
                    one.client.sendall(b"text tells it too")
                    self.assertEqual(recv_exactly(one.accept()[1], 17), b"text tells it too")

    def test_with_a_smaller_mtu(self):
        """The MSS comes back, rounded down."""
        NET[0].run("ip link set veth0 mtu 1300")
        self.addCleanup(NET[0].run, "ip link set veth0 mtu 1500")
        with self.one_of_each_kind():
            connections = self.connected()
        for client, server in self.each(connections):
            self.assertLessEqual(server.getsockopt(SOL_TCP, socket.TCP_MAXSEG), 1300 - 40)
            self.assert_talking(client, server)


class Forger:
    """Sends what looks like the client's next segment."""

    def __init__(self, test, connection):
        self.peers = connection.client.getsockname(), connection.server.getsockname()
        with NET[0]:
            self.wire = test.keep(socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0x0300))
            self.raw = test.keep(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))
        self.wire.settimeout(0.2)

    def last_of_client(self):
        """(sequence number after it, acknowledgment, TSval, TSecr) of the last segment the client sent."""
        last = None
        with contextlib.suppress(TimeoutError):
            while True:
                packet = self.wire.recv(65536)
                tcp = packet[20:]
                if packet[9] == 6 and struct.unpack_from("!HH", tcp) == (self.peers[0][1], self.peers[1][1]):
                    last = packet
        tcp = last[20:struct.unpack_from("!H", last, 2)[0]]
        header = (tcp[12] >> 4) * 4
        seq, ack = struct.unpack_from("!II", tcp, 4)
        kind = tcp[20:header].index(b"\x08\x0a")
        return (seq + len(tcp) - header, ack, *struct.unpack_from("!II", tcp, 20 + kind + 2))

    def inject(self, text, ts_shift):
        seq, ack, ts_val, ts_ecr = self.last_of_client()
        (source, source_port), (dest, dest_port) = self.peers
        addresses = socket.inet_aton(source) + socket.inet_aton(dest)
        tcp = struct.pack("!HHIIBBHHHBBBBII", source_port, dest_port, seq, ack, 8 << 4, PSH | ACK, 1000, 0, 0,
                          1, 1, 8, 10, (ts_val + ts_shift) & 0xffffffff, ts_ecr) + text
        pseudo = addresses + struct.pack("!HH", 6, len(tcp)) + tcp + bytes(len(tcp) % 2)
        total = sum(struct.unpack(f"!{len(pseudo) // 2}H", pseudo))
        total = (total & 0xffff) + (total >> 16)
        total = (total & 0xffff) + (total >> 16)
        tcp = tcp[:16] + struct.pack("!H", ~total & 0xffff) + tcp[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + addresses
        self.raw.sendto(ip + tcp, (dest, 0))


class Text(OracleTest):
    def test_pieces_of_every_size(self):
        sizes = [1, 2, 3, 100, 535, 536, 537, 1447, 1448, 1449, 1460, 1461, 4096, 65535, 65536, 100001]
        for client, server in self.each():
            for sender, receiver in ((client, server), (server, client)):
                for size in sizes:
                    blob = os.urandom(size)
                    task = Task(sender.sendall, blob)
                    self.assertEqual(recv_exactly(receiver, size), blob)
                    task.result()

    def test_large_segments(self):
        """With the devices' help: segments of 64 KiB without checksums come in."""
        NET.offload("on")
        self.addCleanup(NET.offload, "off")
        blob = os.urandom(8 * MIB)
        for client, server in self.each(self.connected(ports=BULK_PORTS)):
            for sender, receiver in ((client, server), (server, client)):
                task = Task(sender.sendall, blob)
                self.assertEqual(recv_exactly(receiver, len(blob)), blob)
                task.result()
                rcv_mss, = struct.unpack_from("I", receiver.getsockopt(SOL_TCP, socket.TCP_INFO, 24), 20)
                self.assertLessEqual(rcv_mss, 1460)

    def test_zero_window(self):
        """The reader pauses until the window is shut and a probe has come; then all arrives."""
        for client, server in self.each(self.connected((socket.AF_INET,))):
            sent = fill(client)
            self.eventually(lambda s=client: s.getsockopt(SOL_TCP, socket.TCP_INFO, 8)[3] >= 1)  # tcpi_probes
            task = Task(recv_exactly, server, sent + 15)
            client.sendall(b"after the pause")
            self.assertEqual(task.result()[-15:], b"after the pause")

    def test_urgent(self):
        for client, server in self.each():
            client.sendall(b"abc")
            client.send(b"!", socket.MSG_OOB)
            self.await_events_with_urgent(server)
            self.assertEqual(server.recv(10), b"abc")
            self.assertEqual(server.recv(1, socket.MSG_OOB), b"!")

    def await_events_with_urgent(self, server):
        self.eventually(lambda: ioctl_int(server, SIOCINQ) >= 3 and "PRI" in events(server, 3))


class ExchangeTest(OracleTest):
    """Text each way at once, all of it and in order."""

    @staticmethod
    def send(sock, seed, count):
        """count MiB that the seed determines, then FIN."""
        digest = hashlib.sha256()
        block = hashlib.shake_256(seed).digest(MIB)
        for number in range(count):
            piece = number.to_bytes(8, "big") + block[8:]
            digest.update(piece)
            sock.sendall(piece)
        sock.shutdown(socket.SHUT_WR)
        return digest.hexdigest()

    @staticmethod
    def receive(sock):
        digest, count = hashlib.sha256(), 0
        while piece := sock.recv(MIB):
            digest.update(piece)
            count += len(piece)
        return count, digest.hexdigest()

    def exchange(self, count, **where):
        tasks = []
        for one in self.connected(**where):
            for sender, receiver in ((one.client, one.server), (one.server, one.client)):
                tasks.append((one.name, Task(self.send, sender, os.urandom(8), count), Task(self.receive, receiver)))
        for name, sending, receiving in tasks:
            with self.subTest(name):
                self.assertTrue(receiving.ends_within(170), "does not come to an end")
                self.assertEqual(receiving.result(), (count * MIB, sending.result()))


class Bulk(ExchangeTest):
    def test_loss_and_reordering(self):
        with self.link("delay 2ms loss 1% reorder 5% 50%"):
            self.exchange(BULK, ports=BULK_PORTS)

    def test_loss_and_reordering_before_tshark(self):
        with self.link("delay 2ms loss 1% reorder 5% 50%"):
            self.exchange(1)


class Damage(ExchangeTest):
    """What the cable spoils, the checksum finds."""

    captured = False

    def test_duplicates_and_damage(self):
        with self.link("delay 1ms duplicate 5% corrupt 1%"):
            self.exchange(1, ports=BULK_PORTS)


class Closing(OracleTest):
    def assert_closed_first(self, first, second):
        first.shutdown(socket.SHUT_WR)
        self.await_state(first, FIN_WAIT2)
        self.await_state(second, CLOSE_WAIT)
        self.assertEqual(second.recv(1), b"")
        second.shutdown(socket.SHUT_WR)
        self.assertEqual(first.recv(1), b"")
        for end in first, second:
            self.await_state(end, CLOSE)

    def test_client_first(self):
        for client, server in self.each():
            self.assert_closed_first(client, server)

    def test_server_first(self):
        for client, server in self.each():
            self.assert_closed_first(server, client)

    def test_text_with_the_fin(self):
        for client, server in self.each():
            client.sendall(b"question")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(recv_all(server), b"question")
            server.sendall(b"answer")
            server.close()
            self.assertEqual(recv_all(client), b"answer")

    def test_both_at_once(self):
        connections = self.connected()
        with self.link("delay 20ms"):
            for client, server in self.each(connections):
                client.shutdown(socket.SHUT_WR)
                server.shutdown(socket.SHUT_WR)
                self.assertEqual((client.recv(1), server.recv(1)), (b"", b""))
                self.await_state(client, CLOSE)
                self.await_state(server, CLOSE)

    def close_all_but(self, what, host, before):
        """The packets `what` that come to the host are lost while all close; before: states they are in then."""
        connections = self.connected()
        with NET[host].losing(what):
            for one in connections:
                one.client.shutdown(socket.SHUT_WR)
                if LAST_ACK in before:
                    self.assertEqual(one.server.recv(1), b"")
                    one.server.shutdown(socket.SHUT_WR)
            NET[host].await_drops(len(connections))
            for one in connections:
                self.assertIn(tcp_state(one.server if LAST_ACK in before else one.client), before, one.name)
        for client, server in self.each(connections):
            self.assertEqual(server.recv(1), b"")
            if LAST_ACK not in before:
                server.shutdown(socket.SHUT_WR)
            self.assertEqual(client.recv(1), b"")
            self.await_state(client, CLOSE)
            self.await_state(server, CLOSE)

    def test_fin_lost(self):
        self.close_all_but("tcp flags & fin == fin", 1, (FIN_WAIT1,))

    def test_ack_of_fin_lost(self):
        self.close_all_but("tcp flags & (fin | syn | ack) == ack", 0, (FIN_WAIT1,))

    def test_last_ack_lost(self):
        """TIME_WAIT answers the FIN that comes again."""
        self.close_all_but("tcp flags & (fin | syn | ack) == ack", 1, (LAST_ACK,))

    def test_reset(self):
        for client, server in self.each():
            reset(client)
            with self.raises(errno.ECONNRESET):
                server.recv(1)
            with self.raises(errno.EPIPE):
                server.send(b"x")

    def test_reset_by_server(self):
        for client, server in self.each():
            reset(server)
            with self.raises(errno.ECONNRESET):
                client.recv(1)

    def test_reset_by_unread_text(self):
        for client, server in self.each():
            client.sendall(b"never read")
            self.await_input(server, 10)
            server.close()
            with self.raises(errno.ECONNRESET):
                client.recv(1)

    def test_reset_by_text_after_close(self):
        """Text for a program that is gone."""
        for client, server in self.each():
            server.close()
            self.assertEqual(client.recv(1), b"")
            client.send(b"who reads this?")
            self.await_state(client, CLOSE)
            self.assertEqual(error_of(client), errno.EPIPE)

    def test_linger(self):
        for client, server in self.each():
            set_linger(client, 1, 5)
            client.sendall(bytes(1000))
            client.close()
            self.assertEqual(len(recv_all(server)), 1000)

    def test_listener_closed_with_a_full_queue(self):
        """Those who wait to be accepted are reset."""
        for one in self.listening():
            with self.subTest(one.name):
                one.connect()
                self.await_events(one.listener, "IN")
                one.listener.close()
                with self.raises(errno.ECONNRESET):
                    one.client.recv(1)

    def test_no_host_resets_on_its_own(self):
        """The kernel's TCP has not answered for xtcp, nor xtcp for TCP, in ways of closing that have no RST."""
        before = [self.resets(host) for host in NET.hosts]
        for client, server in self.each():
            self.assert_talking(client, server)
            self.assert_closed_first(client, server)
        self.assertEqual([self.resets(host) for host in NET.hosts], before)

    @staticmethod
    def resets(host):
        words = host.run("nstat -asz TcpOutRsts TcpEstabResets; PROC_NET_NETSTAT=/proc/net/xtcp_netstat nstat -asz "
                         "XtcpOutRsts XtcpEstabResets").split()
        return [words[words.index(name) + 1] for name in ("TcpOutRsts", "TcpEstabResets", "XtcpOutRsts",
                                                          "XtcpEstabResets")]


class Silence(OracleTest):
    """A peer that says nothing any more."""

    @staticmethod
    def keepalive(sock, count):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(SOL_TCP, socket.TCP_KEEPIDLE, 1)
        sock.setsockopt(SOL_TCP, socket.TCP_KEEPINTVL, 1)
        sock.setsockopt(SOL_TCP, socket.TCP_KEEPCNT, count)

    def test_keepalive_answered(self):
        """More probes than may fail, and the connection lives: each was answered."""
        connections = self.connected()
        with NET[1].losing("tcp flags & psh == psh"):  # a rule that counts nothing: the path as with the next test
            for one in connections:
                self.keepalive(one.client, 1)
            time.sleep(3.5)
        for client, server in self.each(connections):
            self.assertEqual((tcp_state(client), tcp_state(server)), (ESTABLISHED, ESTABLISHED))
            self.assert_talking(client, server)

    def test_keepalive_unanswered(self):
        connections = self.connected()
        with NET[1].losing("meta l4proto tcp"):
            for one in connections:
                self.keepalive(one.client, 2)
            for client, _ in self.each(connections):
                self.await_events(client, "IN OUT ERR HUP RDHUP")
                self.assertEqual(error_of(client), errno.ETIMEDOUT)

    def test_user_timeout(self):
        connections = self.connected()
        with NET[1].losing("meta l4proto tcp"):
            for one in connections:
                one.client.setsockopt(SOL_TCP, socket.TCP_USER_TIMEOUT, 1000)
                one.client.send(b"hello?")
            for client, _ in self.each(connections):
                self.await_events(client, "IN OUT ERR HUP RDHUP")
                self.assertEqual(error_of(client), errno.ETIMEDOUT)

    def test_opening_unanswered(self):
        connections = self.listening()
        with NET[1].losing("meta l4proto tcp"):
            for one in connections:
                one.client.setsockopt(SOL_TCP, socket.TCP_SYNCNT, 1)
                one.begin()
            for one in connections:
                self.eventually(lambda c=one.client: "HUP" in events(c))
                self.assertEqual(error_of(one.client), errno.ETIMEDOUT)


if __name__ == "__main__":
    unittest.main()
