"""What ICMP says: to connect(), to an open connection with and without IP_RECVERR, and in the error queue (ip(7))."""
import errno
import select
import socket
import struct
import time
import unittest

from xtcp_sockets import (ESTABLISHED, LOCALHOST, PATIENCE, PROTO, SIOCOUTQ, SocketTest, error_of, events, ioctl_int,
                          tcp_state)

IP_RECVERR = 11
DEST_UNREACH, SOURCE_QUENCH, TIME_EXCEEDED, PARAMETER_PROBLEM = 3, 4, 11, 12
NET_UNREACH, HOST_UNREACH, PROTO_UNREACH, PORT_UNREACH = range(4)
SO_EE_ORIGIN_ICMP = 2
SYN, PSH = 2, 8


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Router(SocketTest):
    """Sees the segments of the protocol and complains of them, as a router would."""

    def setUp(self):
        super().setUp()
        try:
            self.segments = self.keep(socket.socket(socket.AF_INET, socket.SOCK_RAW, PROTO))
            self.icmp = self.keep(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
        except PermissionError as error:
            self.skipTest(f"no raw sockets: {error}")

    def segment(self, port, flags):
        """The next IP packet to the port with these flags in its TCP header."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            packet = self.segments.recv(65536)
            start = (packet[0] & 15) * 4
            if struct.unpack_from("!H", packet, start + 2)[0] == port and packet[start + 13] & flags:
                return packet
        return self.fail("no such segment")

    def complain(self, packet, kind, code):
        message = struct.pack("!BBHI", kind, code, 0, 0) + packet[:(packet[0] & 15) * 4 + 8]
        message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
        self.icmp.sendto(message, (LOCALHOST, 0))

    def recverr(self, sock):
        sock.setsockopt(socket.SOL_IP, IP_RECVERR, 1)
        return sock


class Opening(Router):
    """Nobody answers the SYN but a router."""

    def opening(self):
        listener = self.full_listener()
        address = listener.getsockname()
        while self.segments in select.select([self.segments], [], [], 0)[0]:
            self.segments.recv(65536)
        sock = self.nonblocking(address)
        return sock, self.segment(address[1], SYN)

    def assert_ends(self, code, error, kind=DEST_UNREACH):
        sock, packet = self.opening()
        self.complain(packet, kind, code)
        self.eventually(lambda: "HUP" in events(sock))
        self.assertEqual(error_of(sock), error)
        return sock

    def test_port_unreachable(self):
        self.assert_ends(PORT_UNREACH, errno.ECONNREFUSED)

    def test_host_unreachable(self):
        self.assert_ends(HOST_UNREACH, errno.EHOSTUNREACH)

    def test_net_unreachable(self):
        self.assert_ends(NET_UNREACH, errno.ENETUNREACH)

    def test_time_exceeded(self):
        self.assert_ends(0, errno.EHOSTUNREACH, TIME_EXCEEDED)

    def test_message_is_queued(self):
        """For traceroute: who said what of which segment."""
        sock, packet = self.opening()
        self.recverr(sock)
        self.complain(packet, DEST_UNREACH, HOST_UNREACH)
        self.eventually(lambda: "ERR" in events(sock))
        self.assertEqual(error_of(sock), errno.EHOSTUNREACH)
        self.assertIn("ERR", events(sock), "though the message is there still")
        quoted, ancillary, flags, address = sock.recvmsg(100, 512, socket.MSG_ERRQUEUE)
        self.assertNotIn("ERR", events(sock))
        start = (packet[0] & 15) * 4
        self.assertEqual(quoted, packet[start:start + 8])
        self.assertEqual(flags & socket.MSG_ERRQUEUE, socket.MSG_ERRQUEUE)
        level, name, data = ancillary[0]
        self.assertEqual((level, name), (socket.SOL_IP, IP_RECVERR))
        self.assertEqual(struct.unpack_from("=IBBBBII", data),
                         (errno.EHOSTUNREACH, SO_EE_ORIGIN_ICMP, DEST_UNREACH, HOST_UNREACH, 0, 0, 0))
        self.assertEqual(socket.inet_ntoa(data[20:24]), LOCALHOST)  # the router
        self.assertEqual(address, (LOCALHOST, struct.unpack_from("!H", packet, start + 2)[0]))
        with self.raises(errno.EAGAIN):
            sock.recvmsg(100, 512, socket.MSG_ERRQUEUE)

    def test_of_another_segment(self):
        """The quoted sequence number is not of ours (RFC 5927): ignored."""
        sock, packet = self.opening()
        start = (packet[0] & 15) * 4
        seq = struct.unpack_from("!I", packet, start + 4)[0]
        self.complain(packet[:start + 4] + struct.pack("!I", seq + 1000 & 0xffffffff), DEST_UNREACH, HOST_UNREACH)
        self.complain(packet[:start + 4] + struct.pack("!I", seq - 1 & 0xffffffff), DEST_UNREACH, HOST_UNREACH)
        self.assertEqual(events(sock), "")
        with self.raises(errno.EAGAIN):
            sock.recvmsg(100, 512, socket.MSG_ERRQUEUE)


class Open(Router):
    """An open connection takes ICMP as a hint."""

    def open(self):
        client, server = self.pair()
        client.send(b"x")
        packet = self.segment(server.getsockname()[1], PSH)
        self.assertEqual(server.recv(1), b"x")
        self.eventually(lambda: ioctl_int(client, SIOCOUTQ), 0)
        return client, server, self.of_what_comes_next(packet)

    @staticmethod
    def of_what_comes_next(packet):
        """The one octet of the segment is acknowledged: a message about it would be ignored."""
        start = (packet[0] & 15) * 4
        seq = struct.unpack_from("!I", packet, start + 4)[0] + 1 & 0xffffffff
        return packet[:start + 4] + struct.pack("!I", seq)

    def test_told_only_if_asked(self):
        for code, error in ((NET_UNREACH, errno.ENETUNREACH), (PORT_UNREACH, errno.ECONNREFUSED)):
            client, server, packet = self.open()
            self.complain(packet, DEST_UNREACH, code)
            self.assertEqual(events(client), "OUT")
            self.assertEqual(error_of(client), error)
            self.assertEqual(error_of(client), 0)
            self.assert_talking(client, server)

    def test_forgotten_when_the_path_works(self):
        client, server, packet = self.open()
        self.complain(packet, DEST_UNREACH, HOST_UNREACH)
        self.assert_talking(client, server)
        self.assertEqual(error_of(client), 0)

    def assert_told(self, error, kind, code):
        client, server, packet = self.open()
        self.recverr(client)
        self.complain(packet, kind, code)
        self.assertIn("ERR", events(client))
        self.assertEqual(error_of(client), error)
        self.assertEqual(tcp_state(client), ESTABLISHED)
        with self.raises(errno.EAGAIN):
            client.recvmsg(100, 512, socket.MSG_ERRQUEUE)
        self.assert_talking(client, server)

    def test_told_hard_errors(self):
        self.assert_told(errno.ECONNREFUSED, DEST_UNREACH, PORT_UNREACH)
        self.assert_told(errno.ENOPROTOOPT, DEST_UNREACH, PROTO_UNREACH)

    def test_told_soft_errors(self):
        self.assert_told(errno.EHOSTUNREACH, DEST_UNREACH, HOST_UNREACH)
        self.assert_told(errno.ENETUNREACH, DEST_UNREACH, NET_UNREACH)
        self.assert_told(errno.EHOSTUNREACH, TIME_EXCEEDED, 0)
        self.assert_told(errno.EPROTO, PARAMETER_PROBLEM, 0)

    def test_source_quench_is_ignored(self):
        client, server, packet = self.open()
        self.recverr(client)
        self.complain(packet, SOURCE_QUENCH, 0)
        self.assertEqual(events(client), "OUT")
        self.assertEqual(error_of(client), 0)
        self.assert_talking(client, server)


    @staticmethod
    def in_errors():
        with open("/proc/thread-self/net/snmp", encoding="ascii") as file:
            rows = [line.split() for line in file if line.startswith("Icmp:")]
        return int(dict(zip(*rows))["InErrors"])

    def test_about_nobody_is_counted(self):
        client, _, packet = self.open()
        start = (packet[0] & 15) * 4
        before = self.in_errors()
        self.complain(packet[:start] + struct.pack("!H", 1) + packet[start + 2:], DEST_UNREACH, HOST_UNREACH)
        self.eventually(lambda: self.in_errors() - before, 1)
        self.assertEqual(error_of(client), 0)


class Queue(SocketTest):
    def test_empty(self):
        client, _ = self.pair()
        for sock in (self.socket(), self.listener(), client):
            with self.raises(errno.EAGAIN):
                sock.recv(1, socket.MSG_ERRQUEUE)

    def test_text_is_not_in_it(self):
        client, server = self.pair()
        client.send(b"x")
        self.await_input(server, 1)
        with self.raises(errno.EAGAIN):
            server.recv(1, socket.MSG_ERRQUEUE)
        self.assertEqual(server.recv(1), b"x")


if __name__ == "__main__":
    unittest.main()
