"""listen() and accept()."""
import ctypes
import errno
import fcntl
import os
import resource
import select
import socket
import struct
import unittest

from xtcp_sockets import (A_WHILE, CLOSE, ESTABLISHED, LISTEN, LOCALHOST, PROTO, SO_ACCEPTCONN, SO_PROTOCOL,
                          Interruptions, SocketTest, Task, events, libc, raw_connect, recv_all, reset, set_timeout,
                          tcp_state)


class Listening(SocketTest):
    def test_so_acceptconn(self):
        self.assertEqual(self.listener().getsockopt(socket.SOL_SOCKET, SO_ACCEPTCONN), 1)

    def test_state(self):
        self.assertEqual(tcp_state(self.listener()), LISTEN)

    def test_unbound(self):
        sock = self.socket()
        sock.listen()
        host, port = sock.getsockname()
        self.assertEqual(host, "0.0.0.0")
        self.assertNotEqual(port, 0)
        self.assert_talking(*self.pair(sock))

    def test_wildcard_takes_all_local_addresses(self):
        listener = self.listener(host="0.0.0.0")
        port = listener.getsockname()[1]
        for host in ("127.0.0.1", "127.0.0.2", "127.255.255.254"):
            client = self.socket()
            client.connect((host, port))
            self.assertEqual(self.accept(listener).getsockname(), (host, port))

    def test_twice(self):
        listener = self.listener()
        listener.listen(5)
        self.assert_talking(*self.pair(listener))

    def test_connected(self):
        client, server = self.pair()
        for sock in (client, server):
            with self.raises(errno.EINVAL):
                sock.listen()
        self.assert_talking(client, server)

    def test_connecting(self):
        sock = self.nonblocking(self.full_listener().getsockname())
        with self.raises(errno.EINVAL):
            sock.listen()

    def test_connect(self):
        with self.raises(errno.EISCONN):
            self.listener().connect((LOCALHOST, 9))

    def test_send(self):
        with self.raises(errno.EPIPE):
            self.listener().send(b"x")

    def test_recv(self):
        with self.raises(errno.ENOTCONN):
            self.listener().recv(1)

    def test_getpeername(self):
        with self.raises(errno.ENOTCONN):
            self.listener().getpeername()

    def test_close_refuses_new_connections(self):
        listener = self.listener()
        address = listener.getsockname()
        listener.close()
        with self.raises(errno.ECONNREFUSED):
            self.socket().connect(address)

    def test_close_resets_connections_not_accepted(self):
        listener = self.listener()
        client = self.connected(listener)
        listener.close()
        with self.raises(errno.ECONNRESET):
            client.recv(1)

    def test_close_leaves_accepted_connections(self):
        listener = self.listener()
        client, server = self.pair(listener)
        listener.close()
        self.assert_talking(client, server)

    def test_shutdown_read_ends_listening(self):
        for how in (socket.SHUT_RD, socket.SHUT_RDWR):
            with self.subTest(how=how):
                listener = self.listener()
                listener.shutdown(how)
                self.assertEqual(listener.getsockopt(socket.SOL_SOCKET, SO_ACCEPTCONN), 0)
                self.assertEqual(tcp_state(listener), CLOSE)
                with self.raises(errno.ECONNREFUSED):
                    self.connected(listener)

    def test_shutdown_write_does_nothing(self):
        listener = self.listener()
        listener.shutdown(socket.SHUT_WR)
        self.assert_talking(*self.pair(listener))

    def test_listen_again_after_shutdown(self):
        listener = self.listener()
        listener.shutdown(socket.SHUT_RD)
        listener.listen()
        self.assert_talking(*self.pair(listener))

    def test_port_asked_for_is_kept_after_shutdown(self):
        port = self.refusing_address()[1]
        listener = self.listener(host="127.0.0.2", port=port)
        listener.shutdown(socket.SHUT_RD)
        with self.raises(errno.EADDRINUSE):
            self.bound("127.0.0.2", port)
        listener.listen()
        self.assertEqual(listener.getsockname(), ("127.0.0.2", port))

    def test_connect_after_shutdown(self):
        sock = self.listener()
        sock.shutdown(socket.SHUT_RD)
        other = self.listener()
        sock.connect(other.getsockname())
        self.assert_talking(sock, self.accept(other))


class Backlog(SocketTest):
    def connect_until_pending(self, listener, limit):
        """Connections that come about without accept(), and the first that does not."""
        done = []
        for _ in range(limit):
            client = self.nonblocking(listener.getsockname())
            if not events(client, timeout=A_WHILE):
                return done, client
            self.assertEqual(events(client), "OUT")
            done.append(client)
        return self.fail(f"{limit} connections without accept()")

    def assert_backlog(self, listener, backlog):
        done, pending = self.connect_until_pending(listener, 2 * backlog + 8)
        self.assertGreaterEqual(len(done), backlog)
        return done, pending

    def test_limits_connections(self):
        for backlog in (1, 5):
            with self.subTest(backlog=backlog):
                self.assert_backlog(self.listener(backlog=backlog), backlog)

    def test_zero_allows_one(self):
        listener = self.listener(backlog=0)
        self.assert_talking(*self.pair(listener))

    def test_somaxconn_is_its_limit(self):
        self.sysctl("net/core/somaxconn", 3)
        done, _ = self.connect_until_pending(self.listener(backlog=1000), 20)
        self.assertGreaterEqual(len(done), 3)

    def test_second_listen_raises_it(self):
        listener = self.listener(backlog=1)
        done, _ = self.assert_backlog(listener, 1)
        listener.listen(8)
        more, _ = self.connect_until_pending(listener, 20)
        self.assertGreaterEqual(len(done) + len(more), 8)

    def test_second_listen_lowers_it(self):
        listener = self.listener(backlog=8)
        clients = [self.connected(listener) for _ in range(4)]
        listener.listen(1)
        self.assertEqual(events(self.nonblocking(listener.getsockname()), timeout=A_WHILE), "")
        for client in clients:
            self.assert_talking(client, self.accept(listener))

    def test_accept_makes_room_for_a_pending_connection(self):
        listener = self.listener(backlog=2)
        done, pending = self.assert_backlog(listener, 2)
        for client in done:
            self.assert_talking(client, self.accept(listener))
        self.await_events(pending, "OUT")
        self.assert_talking(pending, self.accept(listener))

    def test_second_listen_makes_room_for_a_pending_connection(self):
        listener = self.listener(backlog=1)
        _, pending = self.assert_backlog(listener, 1)
        listener.listen(20)
        self.await_events(pending, "OUT")

    def test_overflow_loses_nobody(self):
        listener = self.listener(backlog=1)
        clients = [self.nonblocking(listener.getsockname()) for _ in range(6)]
        for client in clients:
            client.setblocking(True)  # now send() waits for the connection
        senders = [Task(client.sendall, bytes([i])) for i, client in enumerate(clients)]
        got = {self.accept(listener).recv(1) for _ in clients}
        self.assertEqual(got, {bytes([i]) for i in range(6)})
        for sender in senders:
            sender.result()
        self.assert_talking(*self.pair(listener))


class Accepted(SocketTest):
    def test_names(self):
        listener = self.listener()
        client = self.connected(listener)
        server, address = listener.accept()
        self.keep(server)
        self.assertEqual(address, client.getsockname())
        self.assertEqual(server.getpeername(), client.getsockname())
        self.assertEqual(server.getsockname(), listener.getsockname())
        self.assertEqual(client.getpeername(), listener.getsockname())

    def test_kind(self):
        _, server = self.pair()
        self.assertEqual(server.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE), socket.SOCK_STREAM)
        self.assertEqual(server.getsockopt(socket.SOL_SOCKET, SO_PROTOCOL), PROTO)
        self.assertEqual(server.getsockopt(socket.SOL_SOCKET, SO_ACCEPTCONN), 0)

    def test_state(self):
        client, server = self.pair()
        self.assertEqual(tcp_state(client), ESTABLISHED)
        self.assertEqual(tcp_state(server), ESTABLISHED)

    def test_first_come_first_served(self):
        listener = self.listener()
        clients = [self.connected(listener) for _ in range(5)]
        self.assertEqual([self.accept(listener).getpeername() for _ in clients], [c.getsockname() for c in clients])

    def test_listener_goes_on(self):
        listener = self.listener()
        pairs = [self.pair(listener) for _ in range(5)]
        for client, server in pairs:
            self.assert_talking(client, server)

    def test_talk_from_before_accept(self):
        listener = self.listener()
        client = self.connected(listener)
        client.sendall(b"early")
        client.close()
        self.assertEqual(recv_all(self.accept(listener)), b"early")

    def test_reset_before_accept(self):
        listener = self.listener()
        reset(self.connected(listener))
        server = self.accept(listener)
        with self.raises(errno.ECONNRESET):
            server.recv(1)

    def test_error_of_accept_loses_nobody(self):
        def no_descriptor_left():
            listener = self.listener()
            client = self.connected(listener)
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
            with self.raises(errno.EMFILE):
                listener.accept()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            self.assert_talking(client, self.accept(listener))
        self.in_child(no_descriptor_left)


class RawAccept(SocketTest):
    """What Python hides: flags, address length."""

    def setUp(self):
        super().setUp()
        self.sock = self.listener()
        self.client = self.connected(self.sock)

    def accept4(self, flags, address=None, length=None):
        fd = libc("accept4", self.sock.fileno(), address, length, flags)
        self.addCleanup(os.close, fd)
        return fd

    def flags_of(self, fd):
        return bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK), fcntl.fcntl(fd, fcntl.F_GETFD)

    def test_no_flags(self):
        self.assertEqual(self.flags_of(self.accept4(0)), (False, 0))

    def test_sock_nonblock(self):
        self.assertEqual(self.flags_of(self.accept4(socket.SOCK_NONBLOCK)), (True, 0))

    def test_sock_cloexec(self):
        self.assertEqual(self.flags_of(self.accept4(socket.SOCK_CLOEXEC)), (False, fcntl.FD_CLOEXEC))

    def test_unknown_flag(self):
        with self.raises(errno.EINVAL):
            self.accept4(0x100)

    def test_o_nonblock_is_not_inherited(self):
        self.sock.setblocking(False)
        self.assertEqual(self.flags_of(self.accept4(0)), (False, 0))

    def test_address(self):
        address, length = ctypes.create_string_buffer(64), ctypes.c_int(64)
        self.accept4(0, address, ctypes.byref(length))
        self.assertEqual(length.value, 16)
        family, port, host = struct.unpack_from("=H2s4s", address)
        self.assertEqual(family, socket.AF_INET)
        self.assertEqual((socket.inet_ntoa(host), int.from_bytes(port, "big")), self.client.getsockname())

    def test_address_is_cut(self):
        address, length = ctypes.create_string_buffer(b"\xee" * 16, 16), ctypes.c_int(4)
        self.accept4(0, address, ctypes.byref(length))
        self.assertEqual(length.value, 16)
        self.assertEqual(int.from_bytes(address.raw[2:4], "big"), self.client.getsockname()[1])
        self.assertEqual(address.raw[4:], b"\xee" * 12)


class Waiting(SocketTest):
    def test_nonblocking(self):
        listener = self.listener()
        listener.setblocking(False)
        with self.raises(errno.EAGAIN):
            listener.accept()
        client = self.connected(listener)
        self.await_events(listener, "IN")
        self.assert_talking(client, self.accept(listener))

    def test_not_listening(self):
        for sock in (self.socket(), self.bound(), *self.pair()):
            with self.raises(errno.EINVAL):
                sock.accept()

    def test_so_rcvtimeo(self):
        listener = self.listener()
        set_timeout(listener, socket.SO_RCVTIMEO, 0.1)
        with self.raises(errno.EAGAIN):
            listener.accept()
        self.assert_talking(*self.pair(listener))

    def test_connection_wakes(self):
        listener = self.listener()
        task = Task(self.accept, listener)
        self.assert_blocked(task)
        client = self.connected(listener)
        self.assert_talking(client, task.result())

    def test_each_connection_wakes_one(self):
        listener = self.listener()
        tasks = [Task(self.accept, listener) for _ in range(3)]
        clients = {c.getsockname() for c in [self.connected(listener) for _ in tasks]}
        self.assertEqual({task.result().getpeername() for task in tasks}, clients)

    def test_shutdown_wakes(self):
        listener = self.listener()
        tasks = [Task(listener.accept) for _ in range(2)]
        self.assert_blocked(tasks[0])
        listener.shutdown(socket.SHUT_RD)
        for task in tasks:
            with self.raises(errno.EINVAL):
                task.result()

    def test_signal_interrupts(self):
        with Interruptions(restart=False), self.raises(errno.EINTR):
            libc("accept", self.listener().fileno(), None, None)

    def test_signal_with_sa_restart_does_not(self):
        listener = self.listener()
        client = self.socket()
        with Interruptions(restart=True) as signals:
            task = Task(self.after_signals, signals, client, listener.getsockname())
            fd = libc("accept", listener.fileno(), None, None)
        task.result()
        self.assert_talking(client, self.keep(socket.socket(fileno=fd)))

    def test_signal_with_sa_restart_and_timeout(self):
        """signal(7): whoever set a timeout is told; what was left of it is not known to a call that starts again."""
        listener = self.listener()
        set_timeout(listener, socket.SO_RCVTIMEO, 60)
        with Interruptions(restart=True), self.raises(errno.EINTR):
            libc("accept", listener.fileno(), None, None)

    def after_signals(self, signals, client, address):
        self.eventually(lambda: signals.sent >= 3)
        raw_connect(client, address)

    def test_poll_tells(self):
        listener = self.listener()
        self.assertEqual(events(listener), "")
        client = self.connected(listener)
        self.assertEqual(events(listener, select.POLLIN | select.POLLOUT, timeout=60), "IN")
        self.accept(listener)
        self.assertEqual(events(listener), "")
        client.close()


if __name__ == "__main__":
    unittest.main()
