"""shutdown() and close(): half-closed connections, lingering, resets, descriptors with several owners."""
import errno
import os
import random
import signal
import socket
import time
import unittest

from xtcp_sockets import (CLOSE, CLOSE_WAIT, FIN_WAIT1, FIN_WAIT2, LAST_ACK, SocketTest, Task, error_of, fill, recv_all,
                          recv_exactly, reset, set_linger)


class Shutdown(SocketTest):
    def setUp(self):
        super().setUp()
        self.client, self.server = self.pair()

    def test_unknown_direction(self):
        for how in (-1, 3):
            with self.raises(errno.EINVAL):
                self.client.shutdown(how)

    def test_write_ends_the_stream_of_the_peer(self):
        self.client.sendall(b"last words")
        self.client.shutdown(socket.SHUT_WR)
        self.assertEqual(recv_all(self.server), b"last words")

    def test_write_then_send(self):
        self.client.shutdown(socket.SHUT_WR)
        for _ in range(2):
            with self.raises(errno.EPIPE):
                self.client.send(b"x")

    def test_write_then_peer_goes_on(self):
        data = random.Random(1).randbytes(1 << 20)
        self.client.shutdown(socket.SHUT_WR)
        self.assertEqual(self.server.recv(1), b"")
        task = Task(self.server.sendall, data)
        self.assertEqual(recv_exactly(self.client, len(data)), data)
        task.result()

    def test_each_side_ends_in_its_time(self):
        for one, other in ((self.client, self.server), (self.server, self.client)):
            one.sendall(b"good bye")
            one.shutdown(socket.SHUT_WR)
            self.assertEqual(recv_all(other), b"good bye")

    def test_server_first(self):
        self.server.shutdown(socket.SHUT_WR)
        self.assertEqual(self.client.recv(1), b"")
        self.client.sendall(b"still here")
        self.client.close()
        self.assertEqual(recv_all(self.server), b"still here")

    def test_write_twice(self):
        for _ in range(2):
            self.client.shutdown(socket.SHUT_WR)
        self.assertEqual(self.server.recv(1), b"")

    def test_write_with_much_unsent_data(self):
        client, server = self.small_pair()
        count = fill(client)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(len(recv_all(server)), count)

    def test_read_then_recv(self):
        self.client.shutdown(socket.SHUT_RD)
        for _ in range(2):
            self.assertEqual(self.client.recv(100), b"")

    def test_read_tells_the_peer_nothing(self):
        self.client.shutdown(socket.SHUT_RD)
        self.client.sendall(b"hello")
        self.assertEqual(self.server.recv(100), b"hello")
        self.server.sendall(b"hello")

    def test_read_keeps_what_arrived(self):
        self.server.sendall(b"hello")
        self.await_input(self.client, 5)
        self.client.shutdown(socket.SHUT_RD)
        self.assertEqual(self.client.recv(100), b"hello")
        self.assertEqual(self.client.recv(100), b"")

    def test_read_does_not_stop_what_arrives(self):
        """Linux: data that comes after shutdown(SHUT_RD) can still be read."""
        self.client.shutdown(socket.SHUT_RD)
        self.assertEqual(self.client.recv(100), b"")
        self.server.sendall(b"hello")
        self.await_input(self.client, 5)
        self.assertEqual(self.client.recv(100), b"hello")
        self.assertEqual(self.client.recv(100), b"")

    def test_read_wakes_a_reader(self):
        task = Task(self.client.recv, 100)
        self.assert_blocked(task)
        self.client.shutdown(socket.SHUT_RD)
        self.assertEqual(task.result(), b"")

    def test_both(self):
        self.client.shutdown(socket.SHUT_RDWR)
        self.assertEqual(self.server.recv(100), b"")
        self.assertEqual(self.client.recv(100), b"")
        with self.raises(errno.EPIPE):
            self.client.send(b"x")

    def test_both_wakes_a_reader(self):
        """The way to stop a thread in recv(): close() would not wake it."""
        task = Task(self.client.recv, 100)
        self.assert_blocked(task)
        self.client.shutdown(socket.SHUT_RDWR)
        self.assertEqual(task.result(), b"")
        self.client.close()

    def test_after_the_end(self):
        self.client.shutdown(socket.SHUT_RDWR)
        self.server.shutdown(socket.SHUT_RDWR)
        self.await_state(self.client, CLOSE)
        with self.raises(errno.ENOTCONN):
            self.client.shutdown(socket.SHUT_RDWR)

    def test_after_a_reset(self):
        reset(self.server)
        self.await_state(self.client, CLOSE)
        with self.raises(errno.ENOTCONN):
            self.client.shutdown(socket.SHUT_WR)

    def test_names_after_the_peer_has_closed(self):
        address = self.client.getsockname()
        self.client.close()
        self.await_state(self.server, CLOSE_WAIT)
        self.assertEqual(self.server.getpeername(), address)


class States(SocketTest):
    """TCP_INFO's state on the way to the end."""

    def setUp(self):
        super().setUp()
        self.client, self.server = self.pair()

    def test_one_side_closed(self):
        self.client.shutdown(socket.SHUT_WR)
        self.await_state(self.client, FIN_WAIT1, FIN_WAIT2)
        self.await_state(self.client, FIN_WAIT2)
        self.await_state(self.server, CLOSE_WAIT)

    def test_both_sides_closed(self):
        for one in (self.client, self.server):
            one.shutdown(socket.SHUT_WR)
        for one in (self.client, self.server):
            self.await_state(one, CLOSE)
            with self.raises(errno.ENOTCONN):
                one.getpeername()

    def test_fin_not_acknowledged(self):
        client, server = self.small_pair()
        count = fill(client)
        server.shutdown(socket.SHUT_WR)
        self.assertEqual(client.recv(1), b"")
        client.shutdown(socket.SHUT_WR)  # this FIN is behind data that does not fit
        self.await_state(client, LAST_ACK)
        self.assertEqual(len(recv_all(server)), count)
        self.await_state(client, CLOSE)

    def test_reset(self):
        reset(self.client)
        self.await_state(self.server, CLOSE)


class Close(SocketTest):
    def test_peer_gets_everything(self):
        client, server = self.pair()
        data = random.Random(2).randbytes(100000)
        client.sendall(data)
        client.close()
        self.assertEqual(recv_all(server), data)

    def test_peer_gets_everything_from_full_buffers(self):
        client, server = self.small_pair()
        count = fill(client)
        client.close()
        self.assertEqual(len(recv_all(server)), count)

    def test_peer_gets_everything_of_an_ended_process(self):
        listener = self.listener()
        data = random.Random(3).randbytes(100000)

        def talk():
            self.connected(listener).sendall(data)
            os._exit(0)
        child = self.child(talk)
        server = self.accept(listener)
        self.assertEqual(recv_all(server), data)
        self.assertEqual(child.wait(), 0)

    def test_killed_process(self):
        listener = self.listener()

        def talk():
            self.connected(listener).sendall(b"help!")
            signal.pause()
        child = self.child(talk)
        server = self.accept(listener)
        self.assertEqual(server.recv(100), b"help!")
        child.kill()
        self.assertEqual(server.recv(100), b"")

    def test_unread_data_means_reset(self):
        client, server = self.pair()
        server.sendall(b"unread")
        self.await_input(client, 6)
        client.close()
        with self.raises(errno.ECONNRESET):
            server.recv(1)

    def test_reset_does_not_take_what_arrived(self):
        client, server = self.pair()
        server.sendall(b"unread")
        client.sendall(b"readable")
        self.await_input(client, 6)
        self.await_input(server, 8)
        client.close()
        self.await_state(server, CLOSE)
        self.assertEqual(server.recv(100), b"readable")
        with self.raises(errno.ECONNRESET):
            server.recv(100)

    def test_peer_writes_to_a_closed_socket(self):
        client, server = self.pair()
        client.close()
        self.assertEqual(server.recv(1), b"")
        server.sendall(b"answered with RST")
        self.await_state(server, CLOSE)
        with self.raises(errno.EPIPE):
            server.send(b"x")
        self.assertEqual(server.recv(1), b"")

    def test_both_at_once(self):
        listener = self.listener()
        for _ in range(20):
            one, other = self.pair(listener)
            tasks = [Task(sock.close) for sock in (one, other)]
            for task in tasks:
                task.result()
        self.assert_talking(*self.pair(listener))

    def test_does_not_block_without_linger(self):
        """close() with full buffers: the kernel does the rest."""
        client, server = self.small_pair()
        count = fill(client)
        self.assertTrue(Task(client.close).ends_within(30))
        self.assertEqual(len(recv_all(server)), count)


class Linger(SocketTest):
    def test_off_by_default(self):
        value = self.socket().getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
        self.assertEqual(value, bytes(8))

    def test_zero_means_reset(self):
        client, server = self.pair()
        set_linger(client, 1, 0)
        client.close()
        with self.raises(errno.ECONNRESET):
            server.recv(1)

    def test_zero_throws_unsent_data_away(self):
        client, server = self.small_pair()
        count = fill(client)
        reset(client)
        self.await_state(server, CLOSE)
        with self.raises(errno.ECONNRESET):
            while chunk := server.recv(1 << 20):
                count -= len(chunk)
        self.assertGreater(count, 0)

    def test_waits_until_the_peer_has_everything(self):
        client, server = self.small_pair()
        count = fill(client)
        set_linger(client, 1, 60)
        task = Task(client.close)
        self.assert_blocked(task)
        self.assertEqual(len(recv_all(server)), count)
        task.result()

    def test_waits_no_longer_than_asked_for(self):
        client, server = self.small_pair()
        count = fill(client)
        set_linger(client, 1, 1)
        start = time.monotonic()
        client.close()
        self.assert_took(start, 1, 1.1)
        self.assertEqual(len(recv_all(server)), count)

    def test_does_not_wait_for_nothing(self):
        client, server = self.pair()
        client.sendall(b"hello")
        set_linger(client, 1, 1000)
        self.assertTrue(Task(client.close).ends_within(60))
        self.assertEqual(recv_all(server), b"hello")


class Reset(SocketTest):
    """After the peer's RST."""

    def setUp(self):
        super().setUp()
        self.client, self.server = self.pair()
        reset(self.client)
        self.await_state(self.server, CLOSE)

    def test_recv(self):
        with self.raises(errno.ECONNRESET):
            self.server.recv(1)
        for _ in range(2):
            self.assertEqual(self.server.recv(1), b"")

    def test_send(self):
        with self.raises(errno.ECONNRESET):
            self.server.send(b"x")
        for _ in range(2):
            with self.raises(errno.EPIPE):
                self.server.send(b"x")

    def test_recv_then_send(self):
        with self.raises(errno.ECONNRESET):
            self.server.recv(1)
        with self.raises(errno.EPIPE):
            self.server.send(b"x")

    def test_so_error(self):
        self.assertEqual(error_of(self.server), errno.ECONNRESET)
        self.assertEqual(error_of(self.server), 0)
        self.assertEqual(self.server.recv(1), b"")

    def test_getpeername(self):
        with self.raises(errno.ENOTCONN):
            self.server.getpeername()

    def test_accepted_socket_can_connect_elsewhere(self):
        other = self.listener()
        error_of(self.server)
        with self.raises(errno.EISCONN):  # the socket layer has not noticed yet
            self.server.connect(other.getsockname())


class ResetUnderWay(SocketTest):
    def test_between_two_writers(self):
        client, server = self.pair()
        tasks = [Task(self.send_for_ever, server) for _ in range(2)]
        self.assert_blocked(tasks[0])
        reset(client)
        for task in tasks:
            with self.raises(errno.ECONNRESET, errno.EPIPE):
                task.result()

    @staticmethod
    def send_for_ever(sock):
        while True:
            sock.send(bytes(100000))

    def test_many(self):
        listener = self.listener()
        for _ in range(50):
            client, server = self.pair(listener)
            client.send(b"x")
            reset(server)
            client.close()
        self.assert_talking(*self.pair(listener))


class Owners(SocketTest):
    """dup() and fork(): the connection ends with its last descriptor."""

    def test_dup(self):
        client, server = self.pair()
        copy = self.keep(client.dup())
        client.close()
        self.assert_talking(copy, server)
        copy.close()
        self.assertEqual(server.recv(1), b"")

    def test_dup_shares_shutdown(self):
        client, server = self.pair()
        copy = self.keep(client.dup())
        copy.shutdown(socket.SHUT_WR)
        with self.raises(errno.EPIPE):
            client.send(b"x")
        self.assertEqual(server.recv(1), b"")

    def test_dup_shares_options(self):
        client = self.socket()
        copy = self.keep(client.dup())
        copy.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.assertEqual(client.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 1)

    def test_fork(self):
        client, server = self.pair()

        def speak():
            server.close()
            client.sendall(b"from the child")
        self.in_child(speak)
        client.sendall(b", from the parent")
        self.assertEqual(recv_exactly(server, 31), b"from the child, from the parent")

    def test_fork_and_parent_closes(self):
        client, server = self.pair()
        reader, writer = os.pipe()

        def speak():
            os.close(writer)
            server.close()
            os.read(reader, 1)  # until the parent has closed
            client.sendall(b"from the child")
        child = self.child(speak)
        client.close()
        os.close(writer)
        os.close(reader)
        self.assertEqual(recv_all(server), b"from the child")
        child.result()

    def test_fork_child_accepts(self):
        listener = self.listener()
        child = self.child(lambda: self.echo(self.accept(listener)))
        client = self.connected(listener)
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(recv_all(client), b"hello")
        child.result()

    @staticmethod
    def echo(sock):
        while chunk := sock.recv(1000):
            sock.sendall(chunk)

    def test_fork_listener_lives_in_the_child(self):
        listener = self.listener()
        address = listener.getsockname()
        child = self.child(lambda: self.echo(self.accept(listener)))
        listener.close()
        client = self.socket()
        client.connect(address)
        client.sendall(b"hello")
        self.assertEqual(client.recv(100), b"hello")
        client.close()
        child.result()


if __name__ == "__main__":
    unittest.main()
