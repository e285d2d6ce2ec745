"""setsockopt() and getsockopt(): SOL_TCP by the kernel's numbers, SOL_IP, SOL_SOCKET, and what accept() inherits."""
import ctypes
import errno
import socket
import struct
import unittest

from xtcp_sockets import (A_WHILE, CLOSE, CLOSE_WAIT, ESTABLISHED, FIN_WAIT2, LISTEN, SOL_TCP, SYN_SENT,
                          SocketTest, events, libc, recv_exactly, tcp_state)

SOL = socket.SOL_SOCKET
(NODELAY, MAXSEG, CORK, KEEPIDLE, KEEPINTVL, KEEPCNT, SYNCNT, LINGER2, DEFER_ACCEPT, WINDOW_CLAMP, INFO, QUICKACK,
 CONGESTION) = range(1, 14)
USER_TIMEOUT, NOTSENT_LOWAT = 18, 25
UNKNOWN = 999
BAD_POINTER = 1


def tcp(sock, name, value=None):
    """Get or set an option of SOL_TCP."""
    if value is None:
        return sock.getsockopt(SOL_TCP, name)
    return sock.setsockopt(SOL_TCP, name, value)


class TcpOption(SocketTest):
    def assert_kept(self, name, *values):
        sock = self.socket()
        for value in values:
            tcp(sock, name, value)
            self.assertEqual(tcp(sock, name), value)

    def assert_refused(self, name, *values):
        sock = self.socket()
        before = tcp(sock, name)
        for value in values:
            with self.subTest(value=value), self.raises(errno.EINVAL):
                tcp(sock, name, value)
        self.assertEqual(tcp(sock, name), before)

    def test_nodelay(self):
        self.assertEqual(tcp(self.socket(), NODELAY), 0)
        self.assert_kept(NODELAY, 1, 0)

    def test_nodelay_is_a_flag(self):
        sock = self.socket()
        tcp(sock, NODELAY, 77)
        self.assertEqual(tcp(sock, NODELAY), 1)

    def test_syncnt(self):
        self.assertGreater(tcp(self.socket(), SYNCNT), 0)
        self.assert_kept(SYNCNT, 1, 5, 127)

    def test_syncnt_out_of_range(self):
        self.assert_refused(SYNCNT, 0, -1, 128)

    def test_user_timeout(self):
        self.assertEqual(tcp(self.socket(), USER_TIMEOUT), 0)
        self.assert_kept(USER_TIMEOUT, 1, 30000, 0x7fffffff, 0)

    def test_user_timeout_out_of_range(self):
        self.assert_refused(USER_TIMEOUT, -1, -0x80000000)

    def test_linger2(self):
        self.assertGreater(tcp(self.socket(), LINGER2), 0)
        self.assert_kept(LINGER2, 1, 30, 60)

    def test_linger2_negative_means_none(self):
        sock = self.socket()
        tcp(sock, LINGER2, -5)
        self.assertEqual(tcp(sock, LINGER2), -1)

    def test_linger2_has_a_maximum(self):
        sock = self.socket()
        tcp(sock, LINGER2, 100000)
        self.assertLessEqual(tcp(sock, LINGER2), 120)

    def test_keepalive_times(self):
        for name, largest in ((KEEPIDLE, 32767), (KEEPINTVL, 32767), (KEEPCNT, 127)):
            with self.subTest(name=name):
                self.assertGreater(tcp(self.socket(), name), 0)
                self.assert_kept(name, 1, 5, largest)

    def test_keepalive_times_out_of_range(self):
        for name, largest in ((KEEPIDLE, 32767), (KEEPINTVL, 32767), (KEEPCNT, 127)):
            self.assert_refused(name, 0, -1, largest + 1)

    def optional(self, name):
        sock = self.socket()
        try:
            tcp(sock, name)
        except OSError as error:
            self.assertEqual(error.errno, errno.ENOPROTOOPT)
            self.skipTest("this TCP does not have the option")
        return sock

    def test_cork(self):
        self.optional(CORK)
        self.assert_kept(CORK, 1, 0)

    def test_cork_holds_nothing_for_ever(self):
        self.optional(CORK)
        client, server = self.pair()
        tcp(client, CORK, 1)
        for piece in (b"hello", b", ", b"world"):
            client.send(piece)
        tcp(client, CORK, 0)
        self.assertEqual(recv_exactly(server, 12), b"hello, world")

    def test_quickack(self):
        sock = self.optional(QUICKACK)
        for value in (0, 1):
            tcp(sock, QUICKACK, value)
            self.assertEqual(tcp(sock, QUICKACK), value)

    def test_window_clamp(self):
        self.optional(WINDOW_CLAMP)
        self.assert_kept(WINDOW_CLAMP, 20000)

    def test_notsent_lowat(self):
        self.optional(NOTSENT_LOWAT)
        self.assert_kept(NOTSENT_LOWAT, 20000)

    def test_congestion(self):
        sock = self.optional(CONGESTION)
        name = sock.getsockopt(SOL_TCP, CONGESTION, 16)
        self.assertTrue(name.rstrip(b"\0"))
        sock.setsockopt(SOL_TCP, CONGESTION, name.rstrip(b"\0"))
        with self.raises(errno.ENOENT):
            sock.setsockopt(SOL_TCP, CONGESTION, b"nosuchthing")

    def test_defer_accept(self):
        self.optional(DEFER_ACCEPT)
        listener = self.listener()
        tcp(listener, DEFER_ACCEPT, 10)
        self.assertGreaterEqual(tcp(listener, DEFER_ACCEPT), 1)
        client = self.connected(listener)
        self.assertEqual(events(listener, timeout=A_WHILE), "")
        client.send(b"now")
        self.await_events(listener, "IN")
        self.assertEqual(self.accept(listener).recv(100), b"now")


class Maxseg(SocketTest):
    def pair_with(self, client_mss=0, server_mss=0):
        client, listener = self.socket(), self.listener()
        tcp(client, MAXSEG, client_mss)
        tcp(listener, MAXSEG, server_mss)
        client.connect(listener.getsockname())
        return client, self.accept(listener)

    def test_before_connect(self):
        sock = self.socket()
        self.assertGreaterEqual(tcp(sock, MAXSEG), 500)
        for value in (88, 600, 32767):
            tcp(sock, MAXSEG, value)
            self.assertEqual(tcp(sock, MAXSEG), value)

    def test_out_of_range(self):
        for value in (-1, 1, 87, 32768):
            with self.subTest(value=value), self.raises(errno.EINVAL):
                tcp(self.socket(), MAXSEG, value)

    def test_zero_clears(self):
        sock = self.socket()
        before = tcp(sock, MAXSEG)
        tcp(sock, MAXSEG, 1000)
        tcp(sock, MAXSEG, 0)
        self.assertEqual(tcp(sock, MAXSEG), before)

    def test_without_it_loopback_uses_large_segments(self):
        for sock in self.pair():
            self.assertGreater(tcp(sock, MAXSEG), 10000)

    def assert_small(self, client, server):
        for sock in (client, server):
            self.assertLessEqual(tcp(sock, MAXSEG), 600)
            self.assertGreaterEqual(tcp(sock, MAXSEG), 560)  # less the options
        data = bytes(range(256)) * 100
        client.sendall(data)
        self.assertEqual(recv_exactly(server, len(data)), data)

    def test_of_the_client(self):
        self.assert_small(*self.pair_with(client_mss=600))

    def test_of_the_server(self):
        self.assert_small(*self.pair_with(server_mss=600))

    def test_smaller_one_wins(self):
        self.assert_small(*self.pair_with(client_mss=600, server_mss=1400))


class Info(SocketTest):
    """TCP_INFO."""

    def word(self, sock, offset):
        return struct.unpack_from("=I", sock.getsockopt(SOL_TCP, INFO, 104), offset)[0]

    def test_states(self):
        client, server = self.pair()
        self.assertEqual(tcp_state(self.socket()), CLOSE)
        self.assertEqual(tcp_state(self.bound()), CLOSE)
        self.assertEqual(tcp_state(self.listener()), LISTEN)
        self.assertEqual(tcp_state(self.nonblocking(self.full_listener().getsockname())), SYN_SENT)
        self.assertEqual((tcp_state(client), tcp_state(server)), (ESTABLISHED, ESTABLISHED))
        client.shutdown(socket.SHUT_WR)
        self.await_state(client, FIN_WAIT2)
        self.await_state(server, CLOSE_WAIT)

    def test_length_is_cut(self):
        client, _ = self.pair()
        for length in (0, 1, 7, 8, 64, 104):
            self.assertEqual(len(client.getsockopt(SOL_TCP, INFO, length) if length else b""), length)

    def test_length_is_no_more_than_there_is(self):
        client, _ = self.pair()
        length = len(client.getsockopt(SOL_TCP, INFO, 1000))
        self.assertGreaterEqual(length, 104)
        self.assertLess(length, 1000)

    def test_short_answer_is_the_start_of_the_long_one(self):
        listener = self.listener()
        self.assertEqual(listener.getsockopt(SOL_TCP, INFO, 64)[:8], listener.getsockopt(SOL_TCP, INFO, 8))

    def test_cannot_be_set(self):
        with self.raises(errno.ENOPROTOOPT):
            tcp(self.socket(), INFO, 1)

    def test_figures_of_a_connection(self):
        client, server = self.pair()
        self.assert_talking(client, server)
        for sock in (client, server):
            self.assertGreater(self.word(sock, 8), 1000)  # rto, us
            self.assertEqual(self.word(sock, 16), tcp(sock, MAXSEG))
            self.assertGreaterEqual(self.word(sock, 80), 1)  # cwnd

    def test_bytes_received(self):
        client, server = self.pair()
        client.sendall(bytes(10000))
        recv_exactly(server, 10000)
        self.assertEqual(struct.unpack_from("=Q", server.getsockopt(SOL_TCP, INFO, 136), 128)[0], 10000)

    def test_unacked_becomes_zero(self):
        client, _ = self.pair()
        client.sendall(bytes(1000))
        self.eventually(lambda: self.word(client, 24), 0)


class BadCalls(SocketTest):
    def set_raw(self, name, pointer, length, level=SOL_TCP):
        return libc("setsockopt", self.socket().fileno(), level, name, pointer, length)

    def get_raw(self, name, pointer, length, level=SOL_TCP):
        length = ctypes.c_int(length)
        libc("getsockopt", self.socket().fileno(), level, name, pointer, ctypes.byref(length))
        return length.value

    def test_unknown_option(self):
        with self.raises(errno.ENOPROTOOPT):
            tcp(self.socket(), UNKNOWN)
        with self.raises(errno.ENOPROTOOPT):
            tcp(self.socket(), UNKNOWN, 1)

    def test_unknown_option_of_other_levels(self):
        for level in (socket.SOL_IP, SOL):
            with self.subTest(level=level):
                with self.raises(errno.ENOPROTOOPT):
                    self.get_raw(UNKNOWN, bytes(4), 4, level)
                with self.raises(errno.ENOPROTOOPT):
                    self.set_raw(UNKNOWN, bytes(4), 4, level)

    def test_unknown_level(self):
        for level in (socket.IPPROTO_UDP, 12345):
            with self.subTest(level=level):
                with self.raises(errno.EOPNOTSUPP):  # not the same error as setsockopt's
                    self.get_raw(1, bytes(4), 4, level)
                with self.raises(errno.ENOPROTOOPT):
                    self.set_raw(1, bytes(4), 4, level)

    def test_set_short_value(self):
        for length in (0, 1, 3):
            for name in (NODELAY, MAXSEG, SYNCNT, LINGER2, USER_TIMEOUT):
                with self.subTest(name=name, length=length), self.raises(errno.EINVAL):
                    self.set_raw(name, bytes(4), length)

    def test_set_negative_length(self):
        with self.raises(errno.EINVAL):
            self.set_raw(NODELAY, bytes(4), -1)

    def test_set_long_value(self):
        sock = self.socket()
        sock.setsockopt(SOL_TCP, NODELAY, struct.pack("=II", 1, 0))
        self.assertEqual(tcp(sock, NODELAY), 1)

    def test_set_bad_pointer(self):
        for name in (NODELAY, MAXSEG, SYNCNT, LINGER2, USER_TIMEOUT):
            with self.subTest(name=name), self.raises(errno.EFAULT):
                self.set_raw(name, BAD_POINTER, 4)

    def test_get_negative_length(self):
        with self.raises(errno.EINVAL):
            self.get_raw(NODELAY, bytes(4), -1)

    def test_get_bad_pointer(self):
        for name in (NODELAY, MAXSEG, SYNCNT, INFO):
            with self.subTest(name=name), self.raises(errno.EFAULT):
                self.get_raw(name, BAD_POINTER, 4)

    def test_get_bad_length_pointer(self):
        with self.raises(errno.EFAULT):
            libc("getsockopt", self.socket().fileno(), SOL_TCP, NODELAY, bytes(4), BAD_POINTER)

    def test_get_is_cut(self):
        for length in (0, 1, 2, 4):
            self.assertEqual(self.get_raw(SYNCNT, ctypes.create_string_buffer(8), length), length)

    def test_get_long_buffer(self):
        self.assertEqual(self.get_raw(NODELAY, ctypes.create_string_buffer(100), 100), 4)


class Ip(SocketTest):
    """SOL_IP."""

    def test_tos(self):
        sock = self.socket()
        for value in (0, 0x10, 0x20, 0xb8):
            sock.setsockopt(socket.SOL_IP, socket.IP_TOS, value)
            self.assertEqual(sock.getsockopt(socket.SOL_IP, socket.IP_TOS), value)

    def test_tos_leaves_the_ecn_bits_to_tcp(self):
        sock = self.socket()
        sock.setsockopt(socket.SOL_IP, socket.IP_TOS, 0x13)
        self.assertEqual(sock.getsockopt(socket.SOL_IP, socket.IP_TOS), 0x10)

    def test_ttl(self):
        sock = self.socket()
        for value in (1, 64, 255):
            sock.setsockopt(socket.SOL_IP, socket.IP_TTL, value)
            self.assertEqual(sock.getsockopt(socket.SOL_IP, socket.IP_TTL), value)

    def test_ttl_out_of_range(self):
        for value in (0, 256):
            with self.raises(errno.EINVAL):
                self.socket().setsockopt(socket.SOL_IP, socket.IP_TTL, value)

    def test_connection_with_tos_and_ttl(self):
        client, server = self.pair()
        for sock in (client, server):
            sock.setsockopt(socket.SOL_IP, socket.IP_TOS, 0x10)
            sock.setsockopt(socket.SOL_IP, socket.IP_TTL, 1)
        self.assert_talking(client, server)

    def test_mtu(self):
        ip_mtu = 14
        with self.raises(errno.ENOTCONN):
            self.socket().getsockopt(socket.SOL_IP, ip_mtu)
        self.assertGreaterEqual(self.pair()[0].getsockopt(socket.SOL_IP, ip_mtu), 1500)

    def test_protocol_is_not_raw(self):
        ip_hdrincl = 3
        with self.raises(errno.ENOPROTOOPT):
            self.socket().setsockopt(socket.SOL_IP, ip_hdrincl, 1)


class Generic(SocketTest):
    """SOL_SOCKET."""

    def test_flags(self):
        sock = self.socket()
        for name in (socket.SO_KEEPALIVE, socket.SO_REUSEADDR, socket.SO_REUSEPORT, socket.SO_OOBINLINE,
                     socket.SO_DONTROUTE):
            for value in (0, 1, 0):
                sock.setsockopt(SOL, name, value)
                self.assertEqual(sock.getsockopt(SOL, name), value)

    def test_keepalive_on_a_connection(self):
        client, server = self.pair()
        for value in (1, 0, 1):
            client.setsockopt(SOL, socket.SO_KEEPALIVE, value)
            self.assert_talking(client, server)

    def test_keepalive_probes_are_answered(self):
        client, server = self.pair()
        client.setsockopt(SOL, socket.SO_KEEPALIVE, 1)
        for name in (KEEPIDLE, KEEPINTVL, KEEPCNT):
            tcp(client, name, 1)
        for _ in range(2):  # it grows until an answer comes
            self.eventually(lambda: self.last_ack(client) >= 500)
            self.eventually(lambda: self.last_ack(client) < 500)
        self.assertEqual(events(client), "OUT")
        self.assert_talking(client, server)

    @staticmethod
    def last_ack(sock):
        """TCP_INFO: ms since the last ACK came."""
        return struct.unpack_from("=I", sock.getsockopt(SOL_TCP, INFO, 60), 56)[0]

    def test_bindtodevice(self):
        listener, client = self.listener(), self.socket()
        client.setsockopt(SOL, socket.SO_BINDTODEVICE, b"lo")
        self.assertEqual(client.getsockopt(SOL, socket.SO_BINDTODEVICE, 16).rstrip(b"\0"), b"lo")
        client.connect(listener.getsockname())
        self.assert_talking(client, self.accept(listener))

    def test_bindtodevice_of_a_listener(self):
        listener = self.bound()
        listener.setsockopt(SOL, socket.SO_BINDTODEVICE, b"lo")
        listener.listen()
        self.assert_talking(*self.pair(listener))

    def test_bindtodevice_unknown(self):
        with self.raises(errno.ENODEV):
            self.socket().setsockopt(SOL, socket.SO_BINDTODEVICE, b"nosuchdevice")

    def test_mark(self):
        sock = self.socket()
        sock.setsockopt(SOL, socket.SO_MARK, 77)
        self.assertEqual(sock.getsockopt(SOL, socket.SO_MARK), 77)

    def test_mark_needs_privilege(self):
        def mark():
            with self.raises(errno.EPERM):
                self.socket().setsockopt(SOL, socket.SO_MARK, 77)
        self.as_nobody(mark)

    def test_priority(self):
        sock = self.socket()
        for value in (0, 3, 6):
            sock.setsockopt(SOL, socket.SO_PRIORITY, value)
            self.assertEqual(sock.getsockopt(SOL, socket.SO_PRIORITY), value)

    def test_so_error_cannot_be_set(self):
        with self.raises(errno.ENOPROTOOPT):
            self.socket().setsockopt(SOL, socket.SO_ERROR, 1)

    def test_options_of_a_connection_can_be_changed(self):
        client, server = self.pair()
        for name, value in ((socket.SO_SNDBUF, 50000), (socket.SO_RCVBUF, 50000), (socket.SO_PRIORITY, 5)):
            client.setsockopt(SOL, name, value)
            self.assert_talking(client, server)


class Inheritance(SocketTest):
    """What the accepted socket has from its listener."""

    def assert_inherited(self, level, name, value):
        listener = self.listener()
        before = listener.getsockopt(level, name)
        listener.setsockopt(level, name, value)
        wanted = listener.getsockopt(level, name)
        self.assertNotEqual(before, wanted)
        client, server = self.pair(listener)
        self.assertEqual(server.getsockopt(level, name), wanted)
        self.assert_talking(client, server)

    def test_nodelay(self):
        self.assert_inherited(SOL_TCP, NODELAY, 1)

    def test_user_timeout(self):
        self.assert_inherited(SOL_TCP, USER_TIMEOUT, 12345)

    def test_linger2(self):
        self.assert_inherited(SOL_TCP, LINGER2, 17)

    def test_keepidle(self):
        self.assert_inherited(SOL_TCP, KEEPIDLE, 17)

    def test_keepalive(self):
        self.assert_inherited(SOL, socket.SO_KEEPALIVE, 1)

    def test_reuseaddr(self):
        self.assert_inherited(SOL, socket.SO_REUSEADDR, 1)

    def test_rcvbuf(self):
        self.assert_inherited(SOL, socket.SO_RCVBUF, 30000)

    def test_sndbuf(self):
        self.assert_inherited(SOL, socket.SO_SNDBUF, 30000)

    def test_priority_is_not_inherited(self):
        listener = self.listener()
        listener.setsockopt(SOL, socket.SO_PRIORITY, 4)
        _, server = self.pair(listener)
        self.assertEqual(server.getsockopt(SOL, socket.SO_PRIORITY), 0)

    def test_mark(self):
        self.assert_inherited(SOL, socket.SO_MARK, 99)

    def test_oobinline(self):
        self.assert_inherited(SOL, socket.SO_OOBINLINE, 1)

    def test_tos(self):
        self.assert_inherited(socket.SOL_IP, socket.IP_TOS, 0x10)

    def test_ttl(self):
        self.assert_inherited(socket.SOL_IP, socket.IP_TTL, 17)

    def assert_structure_inherited(self, name, value):
        listener = self.listener()
        listener.setsockopt(SOL, name, value)
        _, server = self.pair(listener)
        self.assertEqual(server.getsockopt(SOL, name, len(value)), value)

    def test_linger(self):
        self.assert_structure_inherited(socket.SO_LINGER, struct.pack("ii", 1, 3))

    def test_timeouts(self):
        for name in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self.assert_structure_inherited(name, struct.pack("ll", 77, 0))

    def test_change_after_connect_before_accept(self):
        """The connection was made with the options the listener had then."""
        listener = self.listener()
        client = self.connected(listener)
        self.await_events(listener, "IN")
        listener.setsockopt(SOL, socket.SO_KEEPALIVE, 1)
        self.assertEqual(self.accept(listener).getsockopt(SOL, socket.SO_KEEPALIVE), 0)
        client.close()

    def test_listener_is_not_changed(self):
        listener = self.listener()
        _, server = self.pair(listener)
        tcp(server, NODELAY, 1)
        self.assertEqual(tcp(listener, NODELAY), 0)


if __name__ == "__main__":
    unittest.main()
