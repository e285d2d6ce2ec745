"""Fast Open's options and failing calls; ladders: kunit/open/fastopen_wire_test.c, both stacks: test_oracle.py."""
import ctypes
import errno
import socket
import struct
import threading
import unittest

from xtcp_sockets import PROTO, SOL_TCP, Interruptions, SocketTest, libc, recv_all, recv_exactly, sockaddr

MSG_FASTOPEN, SO_ATTACH_FILTER, SO_DETACH_FILTER = 0x20000000, 26, 27
FASTOPEN, CONNECT, KEY, NO_COOKIE = 23, 30, 33, 34
KNOB = "net/xtcp/fastopen" if PROTO == 253 else "net/ipv4/tcp_fastopen"
CLIENT, SERVER, WITHOUT_COOKIES = 1, 2, 0x204


class Options(SocketTest):
    def setUp(self):
        super().setUp()
        self.sysctl(KNOB, CLIENT | SERVER)

    def assert_flag(self, sock, name):
        """0 or 1, and nothing else."""
        self.assertEqual(sock.getsockopt(SOL_TCP, name), 0)
        for value in (1, 0, 1):
            sock.setsockopt(SOL_TCP, name, value)
            self.assertEqual(sock.getsockopt(SOL_TCP, name), value)
        for value in (-1, 2):
            with self.raises(errno.EINVAL):
                sock.setsockopt(SOL_TCP, name, value)
        self.assertEqual(sock.getsockopt(SOL_TCP, name), 1)

    def test_connect(self):
        self.assert_flag(self.socket(), CONNECT)

    def test_connect_as_a_client_that_has_not_begun(self):
        for sock in (self.listener(), *self.pair()):
            with self.raises(errno.EINVAL):
                sock.setsockopt(SOL_TCP, CONNECT, 1)
            self.assertEqual(sock.getsockopt(SOL_TCP, CONNECT), 0)

    def test_connect_where_clients_must_not(self):
        self.sysctl(KNOB, SERVER)
        sock = self.socket()
        with self.raises(errno.EOPNOTSUPP):
            sock.setsockopt(SOL_TCP, CONNECT, 1)
        self.assertEqual(sock.getsockopt(SOL_TCP, CONNECT), 0)

    def test_no_cookie(self):
        for sock in (self.socket(), self.listener()):
            self.assert_flag(sock, NO_COOKIE)

    def test_no_cookie_is_too_late_in_a_connection(self):
        for sock in self.pair():
            with self.raises(errno.EINVAL):
                sock.setsockopt(SOL_TCP, NO_COOKIE, 1)
            self.assertEqual(sock.getsockopt(SOL_TCP, NO_COOKIE), 0)

    def test_limit(self):
        """So many as the listener says, but no more than somaxconn."""
        self.sysctl("net/core/somaxconn", 50)
        for sock in (self.socket(), self.listener()):
            self.assertEqual(sock.getsockopt(SOL_TCP, FASTOPEN), 0)
            for value, kept in ((7, 7), (50, 50), (51, 50), (0x7fffffff, 50), (0, 0)):
                sock.setsockopt(SOL_TCP, FASTOPEN, value)
                self.assertEqual(sock.getsockopt(SOL_TCP, FASTOPEN), kept)
            with self.raises(errno.EINVAL):
                sock.setsockopt(SOL_TCP, FASTOPEN, -1)

    def test_limit_of_a_connection(self):
        for sock in self.pair():
            with self.raises(errno.EINVAL):
                sock.setsockopt(SOL_TCP, FASTOPEN, 5)

    def test_key(self):
        """One, or two of which the second is the old one; as much of it as there is room for."""
        keys = bytes(range(100, 132))
        for sock in (self.socket(), self.listener()):
            for key in (keys[:16], keys, keys[16:]):
                sock.setsockopt(SOL_TCP, KEY, key)
                self.assertEqual(sock.getsockopt(SOL_TCP, KEY, 100), key)
            self.assertEqual(sock.getsockopt(SOL_TCP, KEY, 5), keys[16:21])
            for length in (1, 15, 17, 31, 33):
                with self.raises(errno.EINVAL):
                    sock.setsockopt(SOL_TCP, KEY, bytes(length))
            self.assertEqual(sock.getsockopt(SOL_TCP, KEY, 32), keys[16:])

    def test_key_of_bad_memory(self):
        sock = self.socket()
        sock.setsockopt(SOL_TCP, KEY, b"a key that stays")
        with self.raises(errno.EFAULT):
            libc("setsockopt", sock.fileno(), SOL_TCP, KEY, 1, 16)
        self.assertEqual(sock.getsockopt(SOL_TCP, KEY, 32), b"a key that stays")

    @unittest.skipIf(PROTO == 6, "the kernel's TCP shows any program the key of the namespace")
    def test_key_of_the_namespace_is_not_shown(self):
        self.assertEqual(self.listener().getsockopt(SOL_TCP, KEY, 32), b"")


class BadMemory(SocketTest):
    def test_no_text_goes_and_the_connection_is_good(self):
        """What the SYN should have carried cannot be read: EFAULT, and the stream begins with the next call."""
        self.sysctl(KNOB, CLIENT | SERVER | WITHOUT_COOKIES)
        listener, client = self.listener(), self.socket()
        listener.setsockopt(SOL_TCP, FASTOPEN, 5)
        address = sockaddr(*listener.getsockname())
        with self.raises(errno.EFAULT):
            libc("sendto", client.fileno(), 1, 100, MSG_FASTOPEN, address, len(address))
        server = self.accept(listener)
        info = client.getsockopt(SOL_TCP, socket.TCP_INFO, 8)
        self.assertEqual((info[5] & 32, info[7] >> 1 & 3), (0, 0))  # TCPI_OPT_SYN_DATA, tcpi_fastopen_client_fail
        client.send(b"hello")
        self.assertEqual(recv_exactly(server, 5), b"hello")
        self.assert_talking(client, server)


class Interrupted(SocketTest):
    def setUp(self):
        if PROTO != 253:
            self.skipTest("the kernel's TCP sends the text twice")
        super().setUp()
        self.sysctl("net/xtcp/fastopen", 0x607)  # without cookies
        self.sysctl("net/xtcp/fastopen_loss_ms", 0)
        self.sysctl("net/xtcp/fastopen_blackhole_ms", 0)

    @staticmethod
    def drop_everything(sock):
        rule = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))  # BPF: return 0
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(rule)))

    def test_text_arrives_once(self):
        """A call that a signal interrupts has sent its text: neither restarting it nor calling again may repeat it."""
        for restart in (True, False):
            with self.subTest(restart=restart):
                listener, client = self.listener(), self.socket()
                self.drop_everything(listener)
                allow = threading.Timer(0.3, listener.setsockopt, (socket.SOL_SOCKET, SO_DETACH_FILTER, 0))
                allow.start()
                with Interruptions(restart=restart):
                    self.assertEqual(client.sendto(b"once", MSG_FASTOPEN, listener.getsockname()), 4)
                server = self.accept(listener)
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(recv_all(server), b"once")
                allow.join()


if __name__ == "__main__":
    unittest.main()
