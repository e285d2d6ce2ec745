"""connect(): blocking, non-blocking, refused, undone, interrupted."""
import errno
import os
import socket
import subprocess
import unittest

from xtcp_sockets import (A_WHILE, CLOSE, ESTABLISHED, LOCALHOST, PROTO, SOL_TCP, SO_ACCEPTCONN, SYN_SENT,
                          Interruptions, SocketTest, Task, await_local, disconnect, error_of, events, libc,
                          loopback_up, raw_connect, set_timeout, sockaddr, tcp_state, unshare_network)

BAD_POINTER = 1


class Blocking(SocketTest):
    def test_names(self):
        listener = self.listener()
        client = self.connected(listener)
        self.assertEqual(client.getpeername(), listener.getsockname())
        self.assertEqual(client.getsockname()[0], LOCALHOST)
        self.assertNotEqual(client.getsockname()[1], 0)

    def test_state(self):
        self.assertEqual(tcp_state(self.connected(self.listener())), ESTABLISHED)

    def test_source_is_the_bound_address(self):
        client = self.bound("127.0.0.3")
        address = client.getsockname()
        listener = self.listener()
        client.connect(listener.getsockname())
        self.assertEqual(client.getsockname(), address)
        self.assertEqual(self.accept(listener).getpeername(), address)

    def test_other_local_address(self):
        listener = self.listener(host="127.0.0.2")
        client, server = self.pair(listener)
        self.assertEqual(client.getpeername(), listener.getsockname())
        self.assertEqual(client.getsockname(), server.getpeername())
        self.assert_talking(client, server)

    def test_wildcard_means_this_host(self):
        listener = self.listener()
        client = self.socket()
        client.connect(("0.0.0.0", listener.getsockname()[1]))
        self.assertEqual(client.getpeername(), listener.getsockname())

    def test_connected_already(self):
        client, server = self.pair()
        for address in (client.getpeername(), self.refusing_address()):
            with self.raises(errno.EISCONN):
                client.connect(address)
        self.assert_talking(client, server)

    def test_to_itself(self):
        """Simultaneous open of a socket with itself."""
        sock = self.bound()
        sock.connect(sock.getsockname())
        self.assertEqual(sock.getpeername(), sock.getsockname())
        self.assertEqual(tcp_state(sock), ESTABLISHED)
        self.assert_talking(sock, sock)

    def test_to_itself_ends(self):
        sock = self.bound()
        sock.connect(sock.getsockname())
        sock.sendall(b"last words")
        sock.shutdown(socket.SHUT_WR)
        self.assertEqual(sock.recv(100), b"last words")
        self.assertEqual(sock.recv(100), b"")


class Nonblocking(SocketTest):
    def test_in_progress_then_writable(self):
        listener = self.listener()
        client = self.nonblocking(listener.getsockname())
        self.await_events(client, "OUT")
        self.assertEqual(error_of(client), 0)
        self.assertEqual(client.getpeername(), listener.getsockname())
        self.assert_talking_after(client, self.accept(listener))

    def assert_talking_after(self, client, server):
        client.setblocking(True)
        self.assert_talking(client, server)

    def test_second_connect_reports_success_once(self):
        address = self.listener().getsockname()
        client = self.nonblocking(address)
        self.await_events(client, "OUT")
        self.assertEqual(client.connect_ex(address), 0)
        self.assertEqual(client.connect_ex(address), errno.EISCONN)

    def test_second_connect_waits_if_blocking(self):
        address = self.listener().getsockname()
        client = self.nonblocking(address)
        client.setblocking(True)
        self.assertIn(raw_connect_errno(client, address), (0, errno.EISCONN))
        self.assertEqual(tcp_state(client), ESTABLISHED)

    def test_send_waits_for_the_connection(self):
        listener = self.listener()
        client = self.nonblocking(listener.getsockname())
        client.setblocking(True)
        client.sendall(b"as soon as you can")
        self.assertEqual(self.accept(listener).recv(100), b"as soon as you can")


def raw_connect_errno(sock, address):
    try:
        return raw_connect(sock, address)
    except OSError as error:
        return error.errno


class Pending(SocketTest):
    """While nobody answers."""

    def setUp(self):
        super().setUp()
        self.full = self.full_listener()
        self.client = self.nonblocking(self.full.getsockname())

    def make_room(self):
        self.full.listen(20)

    def test_state(self):
        self.assertEqual(tcp_state(self.client), SYN_SENT)

    def test_poll(self):
        self.assertEqual(events(self.client, timeout=A_WHILE), "")

    def test_connect(self):
        self.assertEqual(self.client.connect_ex(self.full.getsockname()), errno.EALREADY)

    def test_names(self):
        self.assertEqual(self.client.getsockname()[0], LOCALHOST)
        with self.raises(errno.ENOTCONN):
            self.client.getpeername()

    def test_send(self):
        with self.raises(errno.EAGAIN):
            self.client.send(b"x")

    def test_recv(self):
        with self.raises(errno.EAGAIN):
            self.client.recv(1)

    def test_so_error(self):
        self.assertEqual(error_of(self.client), 0)

    def test_accept(self):
        with self.raises(errno.EINVAL):
            self.client.accept()

    def test_bind(self):
        with self.raises(errno.EINVAL):
            self.client.bind((LOCALHOST, 0))

    def test_shutdown_gives_up(self):
        self.client.shutdown(socket.SHUT_WR)
        self.assertEqual(tcp_state(self.client), CLOSE)
        self.assertIn("HUP", events(self.client))

    def test_disconnect_gives_up(self):
        disconnect(self.client)
        self.assertEqual(tcp_state(self.client), CLOSE)
        other = self.listener()
        self.client.setblocking(True)
        error_of(self.client)
        self.client.connect(other.getsockname())
        self.assert_talking(self.client, self.accept(other))

    def test_close_gives_up(self):
        self.client.close()
        self.make_room()
        listener = self.full
        self.accept(listener)  # the one that filled the queue
        self.assertEqual(events(listener, timeout=1.5), "")  # longer than the first SYN timeout
        self.assert_talking(*self.pair(listener))

    def test_completes_when_there_is_room(self):
        self.make_room()
        self.await_events(self.client, "OUT")
        self.assertEqual(tcp_state(self.client), ESTABLISHED)
        self.assertEqual(error_of(self.client), 0)


class Waiting(SocketTest):
    """Blocking connect() while nobody answers."""

    def setUp(self):
        super().setUp()
        self.full = self.full_listener()
        self.client = self.socket()

    def test_signal_interrupts(self):
        with Interruptions(restart=False):
            with self.raises(errno.EINTR):
                raw_connect(self.client, self.full.getsockname())

    def test_goes_on_after_a_signal(self):
        with Interruptions(restart=False):
            with self.raises(errno.EINTR):
                raw_connect(self.client, self.full.getsockname())
        self.client.setblocking(False)
        self.assertEqual(self.client.connect_ex(self.full.getsockname()), errno.EALREADY)
        self.full.listen(20)
        self.await_events(self.client, "OUT")
        self.assertEqual(error_of(self.client), 0)

    def test_signal_with_sa_restart_does_not_interrupt(self):
        with Interruptions(restart=True) as signals:
            task = Task(self.make_room_after_signals, signals)
            raw_connect(self.client, self.full.getsockname())
        task.result()
        self.assertEqual(tcp_state(self.client), ESTABLISHED)

    def make_room_after_signals(self, signals):
        self.eventually(lambda: signals.sent >= 3)
        self.full.listen(20)

    def test_so_sndtimeo(self):
        set_timeout(self.client, socket.SO_SNDTIMEO, 0.2)
        with self.raises(errno.EINPROGRESS):
            raw_connect(self.client, self.full.getsockname())
        self.assertEqual(tcp_state(self.client), SYN_SENT)

    def test_so_sndtimeo_second_connect(self):
        set_timeout(self.client, socket.SO_SNDTIMEO, 0.2)
        for code in (errno.EINPROGRESS, errno.EALREADY):
            with self.raises(code):
                raw_connect(self.client, self.full.getsockname())

    def test_user_timeout(self):
        self.client.setsockopt(SOL_TCP, socket.TCP_USER_TIMEOUT, 500)
        with self.raises(errno.ETIMEDOUT):
            raw_connect(self.client, self.full.getsockname())
        self.assertEqual(tcp_state(self.client), CLOSE)

    def test_shutdown_in_another_thread_wakes(self):
        task = Task(raw_connect, self.client, self.full.getsockname())
        self.eventually(lambda: tcp_state(self.client), SYN_SENT)
        self.client.shutdown(socket.SHUT_RDWR)
        with self.raises(errno.ECONNABORTED, errno.ECONNRESET):
            task.result()


class Refused(SocketTest):
    def test_blocking(self):
        with self.raises(errno.ECONNREFUSED):
            self.socket().connect(self.refusing_address())

    def test_bound_socket_does_not_accept(self):
        with self.raises(errno.ECONNREFUSED):
            self.socket().connect(self.bound().getsockname())

    def test_other_address_of_the_port(self):
        listener = self.listener()
        with self.raises(errno.ECONNREFUSED):
            self.socket().connect(("127.0.0.2", listener.getsockname()[1]))

    def test_port_zero(self):
        with self.raises(errno.ECONNREFUSED):
            self.socket().connect((LOCALHOST, 0))

    def test_state(self):
        sock = self.socket()
        with self.raises(errno.ECONNREFUSED):
            sock.connect(self.refusing_address())
        self.assertEqual(tcp_state(sock), CLOSE)
        self.assertEqual(error_of(sock), 0)
        with self.raises(errno.ENOTCONN):
            sock.getpeername()

    def test_socket_can_connect_again(self):
        sock, listener = self.socket(), self.listener()
        for _ in range(3):
            with self.raises(errno.ECONNREFUSED):
                sock.connect(self.refusing_address())
        sock.connect(listener.getsockname())
        self.assert_talking(sock, self.accept(listener))

    def test_bound_port_is_kept(self):
        port = self.refusing_address()[1]
        sock = self.bound("127.0.0.2", port)
        with self.raises(errno.ECONNREFUSED):
            sock.connect(self.refusing_address())
        self.assertEqual(sock.getsockname(), ("127.0.0.2", port))
        with self.raises(errno.EADDRINUSE):
            self.bound("127.0.0.2", port)

    def nonblocking_refused(self):
        sock = self.nonblocking(self.refusing_address())
        self.await_events(sock, "IN OUT ERR HUP RDHUP")
        return sock

    def test_nonblocking_so_error(self):
        sock = self.nonblocking_refused()
        self.assertEqual(error_of(sock), errno.ECONNREFUSED)
        self.assertEqual(error_of(sock), 0)
        self.assertEqual(events(sock), "IN OUT HUP RDHUP")

    def test_nonblocking_second_connect_tells(self):
        sock, address = self.nonblocking_refused(), self.listener().getsockname()
        self.assertEqual(sock.connect_ex(address), errno.ECONNREFUSED)
        self.assertEqual(sock.connect_ex(address), errno.EINPROGRESS)
        self.await_events(sock, "OUT")

    def test_nonblocking_second_connect_after_so_error(self):
        """Linux: the error is gone, so connect() reports ECONNABORTED once."""
        sock, address = self.nonblocking_refused(), self.listener().getsockname()
        error_of(sock)
        self.assertEqual(sock.connect_ex(address), errno.ECONNABORTED)
        self.assertEqual(sock.connect_ex(address), errno.EINPROGRESS)
        self.await_events(sock, "OUT")

    def test_nonblocking_recv_tells(self):
        sock = self.nonblocking_refused()
        with self.raises(errno.ECONNREFUSED):
            sock.recv(1)
        self.assertEqual(sock.recv(1), b"")

    def test_nonblocking_send_tells(self):
        sock = self.nonblocking_refused()
        with self.raises(errno.ECONNREFUSED):
            sock.send(b"x")
        with self.raises(errno.EPIPE):
            sock.send(b"x")


class Errors(SocketTest):
    def test_no_route(self):
        def connect():
            unshare_network()
            with self.raises(errno.ENETUNREACH):
                self.socket().connect(("198.51.100.1", 9))
        self.in_child(connect)

    def test_loopback_down(self):
        def connect():
            unshare_network()
            with self.raises(errno.ENETUNREACH):
                self.socket().connect((LOCALHOST, 9))
        self.in_child(connect)

    def test_no_route_then_connect(self):
        sock, listener = self.socket(), self.listener()
        with self.raises(errno.ENETUNREACH):
            sock.connect(("224.0.0.1", 9))
        sock.connect(listener.getsockname())
        self.assert_talking(sock, self.accept(listener))

    def test_multicast(self):
        with self.raises(errno.ENETUNREACH):
            self.socket().connect(("224.0.0.1", 9))

    def test_short_address(self):
        for length in (1, 2, 15):
            with self.subTest(length=length), self.raises(errno.EINVAL):
                libc("connect", self.socket().fileno(), sockaddr(LOCALHOST, 9), length)

    def test_long_address(self):
        with self.raises(errno.EINVAL):
            libc("connect", self.socket().fileno(), bytes(200), 200)

    def test_other_family(self):
        with self.raises(errno.EAFNOSUPPORT):
            raw_connect(self.socket(), (LOCALHOST, 9), socket.AF_INET6)

    def test_bad_pointer(self):
        with self.raises(errno.EFAULT):
            libc("connect", self.socket().fileno(), BAD_POINTER, 16)


class Disconnect(SocketTest):
    """connect() to AF_UNSPEC."""

    def test_fresh(self):
        sock = self.socket()
        self.assertEqual(disconnect(sock), 0)
        listener = self.listener()
        sock.connect(listener.getsockname())
        self.assert_talking(sock, self.accept(listener))

    def test_connected(self):
        client, server = self.pair()
        disconnect(client)
        self.assertEqual(tcp_state(client), CLOSE)
        with self.raises(errno.ENOTCONN):
            client.getpeername()
        with self.raises(errno.ECONNRESET):
            server.recv(1)

    def test_listening(self):
        listener = self.listener()
        address = listener.getsockname()
        disconnect(listener)
        self.assertEqual(listener.getsockopt(socket.SOL_SOCKET, SO_ACCEPTCONN), 0)
        with self.raises(errno.ECONNREFUSED):
            self.socket().connect(address)

    def test_data_is_gone(self):
        client, server = self.pair()
        server.sendall(b"of an old life")
        self.await_input(client, 14)
        disconnect(client)
        listener = self.listener()
        client.connect(listener.getsockname())
        self.assert_talking(client, self.accept(listener))

    def test_many_lives(self):
        listener, client = self.listener(), self.socket()
        for _ in range(10):
            client.connect(listener.getsockname())
            self.assert_talking(client, self.accept(listener))
            disconnect(client)

    def check_sources(self, family, hosts, anyone):
        """Each life, and each connect() that fails, from the address that its route chooses."""
        def inside():
            unshare_network()
            loopback_up()
            subprocess.run("ip addr add 10.9.9.1/32 dev lo", shell=True, check=True)
            if family == socket.AF_INET6:
                subprocess.run("ip addr add fd00::9/128 dev lo nodad", shell=True, check=True)
                await_local("fd00::9")
            listener, sock = (self.keep(socket.socket(family, socket.SOCK_STREAM, PROTO)) for _ in range(2))
            listener.bind((anyone, 0))
            with self.raises(errno.ECONNREFUSED):
                sock.connect((hosts[0], listener.getsockname()[1]))
            listener.listen()
            for host in *hosts[1:], hosts[0]:
                sock.connect((host, listener.getsockname()[1]))
                self.assertEqual(sock.getsockname()[0], host)
                self.assert_talking(sock, self.accept(listener))
                disconnect(sock)
                self.assertEqual(sock.getsockname()[0], anyone)
        self.in_child(inside)

    def test_source_is_chosen_anew(self):
        self.check_sources(socket.AF_INET, (LOCALHOST, "10.9.9.1"), "0.0.0.0")

    @unittest.skipUnless(os.path.exists("/proc/net/if_inet6"), "no IPv6")
    def test_source_is_chosen_anew_ipv6(self):
        self.check_sources(socket.AF_INET6, ("::1", "fd00::9"), "::")

    @unittest.skipUnless(os.path.exists("/proc/net/if_inet6"), "no IPv6")
    def test_source_is_chosen_anew_mapped(self):
        self.check_sources(socket.AF_INET6, ("::ffff:127.0.0.1", "::ffff:10.9.9.1"), "::")

    def test_client_can_become_a_listener(self):
        sock, _ = self.pair()
        disconnect(sock)
        sock.listen()
        self.assert_talking(*self.pair(sock))

    def test_wakes_a_reader(self):
        client, _ = self.pair()
        task = Task(client.recv, 1)
        self.assert_blocked(task)
        disconnect(client)
        with self.raises(errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN):
            task.result()


if __name__ == "__main__":
    unittest.main()
