"""socket(): what can be made, and how a socket looks before it does anything."""
import errno
import fcntl
import os
import socket
import stat
import unittest

from xtcp_sockets import CLOSE, PROTO, SO_ACCEPTCONN, SO_DOMAIN, SO_PROTOCOL, SocketTest, error_of, libc, tcp_state

SOCK_RDM = 4


class Creation(SocketTest):
    def raw_socket(self, kind, proto=PROTO):
        fd = libc("socket", socket.AF_INET, kind, proto)
        self.addCleanup(os.close, fd)
        return fd

    def option(self, name):
        return self.socket().getsockopt(socket.SOL_SOCKET, name)

    def test_so_type(self):
        self.assertEqual(self.option(socket.SO_TYPE), socket.SOCK_STREAM)

    def test_so_protocol(self):
        self.assertEqual(self.option(SO_PROTOCOL), PROTO)

    def test_so_domain(self):
        self.assertEqual(self.option(SO_DOMAIN), socket.AF_INET)

    def test_so_acceptconn(self):
        self.assertEqual(self.option(SO_ACCEPTCONN), 0)

    def test_no_flags(self):
        fd = self.raw_socket(socket.SOCK_STREAM)
        self.assertFalse(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK)
        self.assertFalse(fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC)

    def test_sock_nonblock(self):
        fd = self.raw_socket(socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.assertTrue(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK)
        self.assertFalse(fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC)

    def test_sock_cloexec(self):
        fd = self.raw_socket(socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self.assertFalse(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK)
        self.assertTrue(fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC)

    def test_unknown_flag(self):
        with self.raises(errno.EINVAL):
            self.raw_socket(socket.SOCK_STREAM | 0x100)

    def test_no_datagrams(self):
        with self.raises(errno.EPROTONOSUPPORT):
            self.raw_socket(socket.SOCK_DGRAM)

    def test_no_rdm(self):
        with self.raises(errno.ESOCKTNOSUPPORT):
            self.raw_socket(SOCK_RDM)

    def test_no_socketpair(self):
        with self.raises(errno.EOPNOTSUPP):
            socket.socketpair(socket.AF_INET, socket.SOCK_STREAM, PROTO)

    def test_needs_no_privilege(self):
        self.as_nobody(lambda: self.pair()[0].send(b"hello"))


class Fresh(SocketTest):
    def test_is_a_socket_file(self):
        self.assertTrue(stat.S_ISSOCK(os.fstat(self.socket().fileno()).st_mode))

    def test_is_closed(self):
        self.assertEqual(tcp_state(self.socket()), CLOSE)

    def test_has_no_error(self):
        self.assertEqual(error_of(self.socket()), 0)

    def test_getsockname(self):
        self.assertEqual(self.socket().getsockname(), ("0.0.0.0", 0))

    def test_getpeername(self):
        with self.raises(errno.ENOTCONN):
            self.socket().getpeername()

    def test_lseek(self):
        with self.raises(errno.ESPIPE):
            os.lseek(self.socket().fileno(), 0, os.SEEK_SET)

    def test_send(self):
        with self.raises(errno.EPIPE):
            self.socket().send(b"x")

    def test_recv(self):
        with self.raises(errno.ENOTCONN):
            self.socket().recv(1)

    def test_shutdown(self):
        for how in (socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR):
            with self.subTest(how=how), self.raises(errno.ENOTCONN):
                self.socket().shutdown(how)

    def test_accept(self):
        with self.raises(errno.EINVAL):
            self.socket().accept()

    def test_is_bad_after_close(self):
        sock = self.socket()
        fd = sock.fileno()
        sock.close()
        with self.raises(errno.EBADF):
            libc("listen", fd, 1)


if __name__ == "__main__":
    unittest.main()
