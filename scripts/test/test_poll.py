"""poll(), select() and epoll: what they say in every state, and whom they wake."""
import contextlib
import errno
import fcntl
import os
import select
import signal
import socket
import struct
import threading
import time
import unittest

from xtcp_sockets import (A_WHILE, PATIENCE, SocketTest, Task, disconnect, error_of, event_names, events, fill,
                          recv_all, recv_exactly, reset)

F_SETOWN_EX, F_OWNER_TID = 15, 0
POLLRDNORM, POLLRDBAND, POLLWRNORM, POLLWRBAND = 0x40, 0x80, 0x100, 0x200


class States(SocketTest):
    """What poll() says when asked for IN, OUT and RDHUP."""

    def test_fresh(self):
        self.assertEqual(events(self.socket()), "OUT HUP")

    def test_bound(self):
        self.assertEqual(events(self.bound()), "OUT HUP")

    def test_listening(self):
        self.assertEqual(events(self.listener()), "")

    def test_connection_pending_at_the_listener(self):
        listener = self.listener()
        self.connected(listener)
        self.await_events(listener, "IN")
        self.accept(listener)
        self.assertEqual(events(listener), "")

    def test_two_connections_pending_at_the_listener(self):
        listener = self.listener()
        for _ in range(2):
            self.connected(listener)
        self.await_events(listener, "IN")
        self.accept(listener)
        self.await_events(listener, "IN")

    def test_connecting(self):
        client = self.nonblocking(self.full_listener().getsockname())
        self.assertEqual(events(client, timeout=A_WHILE), "")

    def test_connected(self):
        for sock in self.pair():
            self.await_events(sock, "OUT")

    def test_refused(self):
        client = self.nonblocking(self.refusing_address())
        self.await_events(client, "IN OUT ERR HUP RDHUP")

    def test_data(self):
        client, server = self.pair()
        client.send(b"hello")
        self.await_events(server, "IN OUT")
        server.recv(4)
        self.assertEqual(events(server), "IN OUT")
        server.recv(1)
        self.assertEqual(events(server), "OUT")

    def test_peeked_data(self):
        client, server = self.pair()
        client.send(b"hello")
        server.recv(5, socket.MSG_PEEK)
        self.assertEqual(events(server), "IN OUT")

    def test_peer_has_shut_down_writing(self):
        client, server = self.pair()
        client.shutdown(socket.SHUT_WR)
        self.await_events(server, "IN OUT RDHUP")
        self.assertEqual(events(client), "OUT")

    def test_peer_has_closed(self):
        client, server = self.pair()
        client.close()
        self.await_events(server, "IN OUT RDHUP")
        server.recv(1)
        self.assertEqual(events(server), "IN OUT RDHUP")

    def test_peer_has_closed_and_data_is_left(self):
        client, server = self.pair()
        client.send(b"hello")
        client.close()
        self.await_events(server, "IN OUT RDHUP")

    def test_shut_down_reading(self):
        client, _ = self.pair()
        client.shutdown(socket.SHUT_RD)
        self.assertEqual(events(client), "IN OUT RDHUP")

    def test_both_ways_shut_down_by_us(self):
        client, server = self.pair()
        client.shutdown(socket.SHUT_RDWR)
        self.await_events(client, "IN OUT HUP RDHUP")
        self.await_events(server, "IN OUT RDHUP")

    def test_both_ways_shut_down_by_both(self):
        client, server = self.pair()
        client.shutdown(socket.SHUT_WR)
        server.shutdown(socket.SHUT_WR)
        for sock in (client, server):
            self.await_events(sock, "IN OUT HUP RDHUP")

    def test_reset(self):
        client, server = self.pair()
        reset(client)
        self.await_events(server, "IN OUT ERR HUP RDHUP")

    def test_reset_and_error_read(self):
        client, server = self.pair()
        reset(client)
        self.await_events(server, "IN OUT ERR HUP RDHUP")
        self.assertEqual(error_of(server), errno.ECONNRESET)
        self.assertEqual(events(server), "IN OUT HUP RDHUP")

    def test_disconnected(self):
        client, _ = self.pair()
        disconnect(client)
        error_of(client)
        self.assertEqual(events(client), "OUT HUP")

    def test_full(self):
        client, server = self.small_pair()
        count = fill(client)
        self.assertEqual(events(client), "")
        recv_exactly(server, count)
        self.await_events(client, "OUT")

    def test_full_and_then_reset(self):
        client, server = self.small_pair()
        fill(client)
        reset(server)
        self.await_events(client, "IN OUT ERR HUP RDHUP")

    def test_full_and_shut_down(self):
        client, _ = self.small_pair()
        fill(client)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(events(client), "OUT")

    def test_closed_descriptor(self):
        sock = self.socket()
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        sock.close()
        self.assertEqual([event_names(mask) for _, mask in poll.poll(0)], ["NVAL"])


class Question(SocketTest):
    """The answer has only what was asked for, and HUP and ERR."""

    def raw_events(self, sock, wanted):
        poll = select.poll()
        poll.register(sock, wanted)
        return sum(mask for _, mask in poll.poll(0))

    def test_nothing_asked(self):
        client, server = self.pair()
        client.send(b"hello")
        self.await_input(server, 5)
        self.assertEqual(events(server, 0), "")
        reset(client)
        self.await_events(server, "IN OUT ERR HUP RDHUP")
        self.assertEqual(events(server, 0), "ERR HUP")

    def test_one_thing_asked(self):
        client, server = self.pair()
        client.send(b"hello")
        client.close()
        self.await_events(server, "IN OUT RDHUP")
        for bit, name in ((select.POLLIN, "IN"), (select.POLLOUT, "OUT"), (select.POLLRDHUP, "RDHUP")):
            self.assertEqual(events(server, bit), name)
        self.assertEqual(events(server, select.POLLPRI), "")

    def test_norm(self):
        client, server = self.pair()
        client.send(b"hello")
        self.await_input(server, 5)
        everything = POLLRDNORM | POLLWRNORM | POLLRDBAND
        self.assertEqual(self.raw_events(server, everything), POLLRDNORM | POLLWRNORM)


class Select(SocketTest):
    def test_connected(self):
        client, server = self.pair()
        self.assertEqual(select.select([client], [client], [client], 0), ([], [client], []))
        server.send(b"x")
        self.assertEqual(select.select([client], [], [], PATIENCE), ([client], [], []))

    def test_many(self):
        listener = self.listener()
        pairs = [self.pair(listener) for _ in range(20)]
        servers = [server for _, server in pairs]
        for client, _ in pairs[::3]:
            client.send(b"x")
        self.eventually(lambda: select.select(servers, [], [], 0)[0], servers[::3])

    def test_end_is_readable(self):
        client, server = self.pair()
        client.close()
        self.assertEqual(select.select([server], [], [server], PATIENCE), ([server], [], []))

    def test_refused_is_readable_and_writable(self):
        client = self.nonblocking(self.refusing_address())
        self.await_events(client, "IN OUT ERR HUP RDHUP")
        self.assertEqual(select.select([client], [client], [], PATIENCE), ([client], [client], []))

    def test_timeout(self):
        client, _ = self.pair()
        self.assertEqual(select.select([client], [], [], 0.05), ([], [], []))


class Wakeup(SocketTest):
    """poll() in another thread."""

    def sleeper(self, sock, wanted):
        task = Task(events, sock, wanted, PATIENCE)
        self.assert_blocked(task)
        return task

    def test_data(self):
        client, server = self.pair()
        task = self.sleeper(server, select.POLLIN)
        client.send(b"x")
        self.assertEqual(task.result(), "IN")

    def test_end(self):
        client, server = self.pair()
        task = self.sleeper(server, select.POLLRDHUP)
        client.close()
        self.assertEqual(task.result(), "RDHUP")

    def test_reset(self):
        client, server = self.pair()
        task = self.sleeper(server, 0)
        reset(client)
        self.assertEqual(task.result(), "ERR HUP")

    def test_connection(self):
        listener = self.listener()
        task = self.sleeper(listener, select.POLLIN)
        self.connected(listener)
        self.assertEqual(task.result(), "IN")

    def test_connect_done(self):
        full = self.full_listener()
        task = self.sleeper(self.nonblocking(full.getsockname()), select.POLLOUT)
        full.listen(20)
        self.assertEqual(task.result(), "OUT")

    def test_room(self):
        client, server = self.small_pair()
        count = fill(client)
        task = self.sleeper(client, select.POLLOUT)
        recv_exactly(server, count)
        self.assertEqual(task.result(), "OUT")

    def test_shutdown_by_another_thread(self):
        client, _ = self.pair()
        task = self.sleeper(client, select.POLLIN)
        client.shutdown(socket.SHUT_RD)
        self.assertEqual(task.result(), "IN")

    def test_all_sleepers(self):
        client, server = self.pair()
        tasks = [self.sleeper(server, select.POLLIN) for _ in range(3)]
        client.send(b"x")
        self.assertEqual([task.result() for task in tasks], ["IN"] * 3)


class Signal(SocketTest):
    """O_ASYNC: SIGIO."""

    def asynchronous(self, sock):
        """How often SIGIO came since."""
        came = []
        old = signal.signal(signal.SIGIO, lambda *_: came.append(True))
        self.addCleanup(signal.signal, signal.SIGIO, old)
        fcntl.fcntl(sock, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(sock, fcntl.F_SETFL, fcntl.fcntl(sock, fcntl.F_GETFL) | os.O_ASYNC)
        return came

    def test_data(self):
        client, server = self.pair()
        came = self.asynchronous(server)
        client.send(b"x")
        self.eventually(lambda: bool(came))

    def test_room(self):
        """To who was told that there is none."""
        client, server = self.small_pair()
        fill(client)
        came = self.asynchronous(client)
        with self.raises(errno.EAGAIN):
            client.send(b"x", socket.MSG_DONTWAIT)
        time.sleep(A_WHILE)
        self.assertEqual(came, [])
        reader = Task(recv_all, server)
        self.eventually(lambda: bool(came))
        self.assertEqual(events(client), "OUT")
        client.close()
        self.assertGreater(len(reader.result()), 0)

    def test_end(self):
        client, server = self.pair()
        came = self.asynchronous(server)
        client.close()
        self.eventually(lambda: bool(came))

    def test_reset(self):
        client, server = self.pair()
        came = self.asynchronous(server)
        reset(client)
        self.eventually(lambda: bool(came))
        self.assertEqual(events(server), "IN OUT ERR HUP RDHUP")

    def test_refused(self):
        client = self.socket()
        client.setblocking(False)
        came = self.asynchronous(client)
        with self.raises(errno.EINPROGRESS, errno.ECONNREFUSED):
            client.connect(self.refusing_address())
        self.eventually(lambda: bool(came))

    def reasons(self, sock):
        """A function that tells the si_code of each signal that came for it (F_SETSIG)."""
        number = signal.SIGRTMIN + 3
        old = signal.pthread_sigmask(signal.SIG_BLOCK, [number])
        self.addCleanup(signal.pthread_sigmask, signal.SIG_SETMASK, old)
        fcntl.fcntl(sock, F_SETOWN_EX, struct.pack("ii", F_OWNER_TID, threading.get_native_id()))
        fcntl.fcntl(sock, fcntl.F_SETSIG, number)
        fcntl.fcntl(sock, fcntl.F_SETFL, fcntl.fcntl(sock, fcntl.F_GETFL) | os.O_ASYNC)

        def came():
            while True:
                told = signal.sigtimedwait([number], 0)
                if not told:
                    return all_told
                all_told.append(told.si_code)
        all_told = []
        return came

    # si_code, fcntl(2): POLL_IN 1, POLL_OUT 2, POLL_ERR 4, POLL_HUP 6

    def test_connected(self):
        listener = self.listener()
        client = self.socket()
        client.setblocking(False)
        came = self.reasons(client)
        with contextlib.suppress(BlockingIOError):
            client.connect(listener.getsockname())
        self.eventually(lambda: 2 in came())

    def test_end_of_one_side_and_of_both(self):
        client, server = self.pair()
        came = self.reasons(server)
        client.shutdown(socket.SHUT_WR)
        self.eventually(lambda: came() != [])
        self.assertEqual(came(), [1])
        came = self.reasons(client)
        server.shutdown(socket.SHUT_WR)
        self.eventually(lambda: 6 in came())

    def test_reset_is_an_error(self):
        client, server = self.pair()
        came = self.reasons(server)
        reset(client)
        self.eventually(lambda: 4 in came())


class Epoll(SocketTest):
    def epoll(self, sock, wanted):
        poll = select.epoll()
        self.addCleanup(poll.close)
        poll.register(sock, wanted)
        return poll

    def names(self, poll, timeout=PATIENCE):
        return [event_names(mask) for _, mask in poll.poll(timeout)]

    # level

    def test_level_repeats(self):
        client, server = self.pair()
        poll = self.epoll(server, select.EPOLLIN)
        client.send(b"hello")
        for _ in range(3):
            self.assertEqual(self.names(poll), ["IN"])
        server.recv(100)
        self.assertEqual(self.names(poll, 0), [])

    def test_registered_when_ready(self):
        client, server = self.pair()
        client.send(b"hello")
        self.await_input(server, 5)
        self.assertEqual(self.names(self.epoll(server, select.EPOLLIN), 0), ["IN"])

    def test_modify(self):
        client, _ = self.pair()
        poll = self.epoll(client, select.EPOLLIN)
        self.assertEqual(self.names(poll, 0), [])
        poll.modify(client, select.EPOLLOUT)
        self.assertEqual(self.names(poll, 0), ["OUT"])

    def test_close_forgets(self):
        client, server = self.pair()
        poll = self.epoll(server, select.EPOLLIN)
        client.send(b"hello")
        self.assertEqual(self.names(poll), ["IN"])
        server.close()
        self.assertEqual(self.names(poll, 0), [])

    def test_fresh(self):
        self.assertEqual(self.names(self.epoll(self.socket(), select.EPOLLIN | select.EPOLLOUT)), ["OUT HUP"])

    def test_fresh_then_connected(self):
        listener, sock = self.listener(), self.socket()
        poll = self.epoll(sock, select.EPOLLIN)
        self.assertEqual(self.names(poll), ["HUP"])
        sock.connect(listener.getsockname())
        self.assertEqual(self.names(poll, 0), [])
        self.accept(listener).send(b"x")
        self.assertEqual(self.names(poll), ["IN"])

    # edge

    def edge(self, sock, wanted):
        return self.epoll(sock, wanted | select.EPOLLET)

    def test_edge_once_for_each_arrival(self):
        client, server = self.pair()
        poll = self.edge(server, select.EPOLLIN)
        for i in range(1, 4):
            client.send(b"x")
            self.await_input(server, i)
            self.assertEqual(self.names(poll), ["IN"])
            self.assertEqual(self.names(poll, A_WHILE), [])

    def test_edge_not_after_a_partial_read(self):
        client, server = self.pair()
        poll = self.edge(server, select.EPOLLIN)
        client.send(b"hello")
        self.assertEqual(self.names(poll), ["IN"])
        server.recv(2)
        self.assertEqual(self.names(poll, A_WHILE), [])

    def test_edge_when_registered(self):
        client, server = self.pair()
        client.send(b"x")
        self.await_input(server, 1)
        poll = self.edge(server, select.EPOLLIN)
        self.assertEqual(self.names(poll), ["IN"])
        self.assertEqual(self.names(poll, 0), [])
        poll.modify(server, select.EPOLLIN | select.EPOLLET)
        self.assertEqual(self.names(poll), ["IN"])

    def test_edge_end(self):
        client, server = self.pair()
        poll = self.edge(server, select.EPOLLIN | select.EPOLLRDHUP)
        client.close()
        self.assertEqual(self.names(poll), ["IN RDHUP"])

    def test_edge_reset(self):
        client, server = self.pair()
        poll = self.edge(server, select.EPOLLIN)
        reset(client)
        self.assertEqual(self.names(poll), ["IN ERR HUP"])

    def test_edge_connect(self):
        full = self.full_listener()
        poll = self.edge(self.nonblocking(full.getsockname()), select.EPOLLOUT)
        self.assertEqual(self.names(poll, A_WHILE), [])
        full.listen(20)
        self.assertEqual(self.names(poll), ["OUT"])

    def test_edge_connect_refused(self):
        sock = self.socket(socket.SOCK_NONBLOCK)
        poll = self.edge(sock, select.EPOLLOUT)
        self.assertEqual(self.names(poll), ["OUT HUP"])
        sock.connect_ex(self.refusing_address())
        self.assertEqual(self.names(poll), ["OUT ERR HUP"])

    def test_edge_listener(self):
        listener = self.listener()
        poll = self.edge(listener, select.EPOLLIN)
        for _ in range(3):
            self.connected(listener)
            self.assertEqual(self.names(poll), ["IN"])
            self.assertEqual(self.names(poll, A_WHILE), [])

    def test_edge_room(self):
        client, server = self.small_pair()
        client.setblocking(False)
        poll = self.edge(client, select.EPOLLOUT)
        self.assertEqual(self.names(poll), ["OUT"])
        for _ in range(3):
            count = fill(client)
            while self.names(poll, 0):
                pass
            recv_exactly(server, count)
            self.assertEqual(self.names(poll), ["OUT"])

    def test_edge_writer_never_starves(self):
        """A writer that sleeps only after EAGAIN is woken each time."""
        client, server = self.small_pair()
        task = Task(recv_exactly, server, 2000000)
        poll, left = self.edge(client, select.EPOLLOUT), 2000000
        while left:
            try:
                left -= client.send(bytes(min(left, 50000)), socket.MSG_DONTWAIT)
            except BlockingIOError:
                self.assertEqual(self.names(poll), ["OUT"])
        self.assertEqual(len(task.result()), 2000000)

    def test_edge_reader_never_starves(self):
        client, server = self.small_pair()
        task = Task(client.sendall, bytes(2000000))
        poll, left = self.edge(server, select.EPOLLIN), 2000000
        while left:
            try:
                left -= len(server.recv(50000, socket.MSG_DONTWAIT))
            except BlockingIOError:
                self.assertEqual(self.names(poll), ["IN"])
        task.result()

    # others

    def test_oneshot(self):
        client, server = self.pair()
        poll = self.epoll(server, select.EPOLLIN | select.EPOLLONESHOT)
        for _ in range(2):
            client.send(b"x")
            self.assertEqual(self.names(poll), ["IN"])
            client.send(b"x")
            self.assertEqual(self.names(poll, A_WHILE), [])
            poll.modify(server, select.EPOLLIN | select.EPOLLONESHOT)
            self.assertEqual(self.names(poll), ["IN"])
            server.recv(100)
            poll.modify(server, select.EPOLLIN | select.EPOLLONESHOT)

    def test_wakes_another_thread(self):
        client, server = self.pair()
        poll = self.epoll(server, select.EPOLLIN)
        task = Task(self.names, poll)
        self.assert_blocked(task)
        client.send(b"x")
        self.assertEqual(task.result(), ["IN"])

    def test_many_connections(self):
        listener = self.listener()
        poll = self.epoll(listener, select.EPOLLIN)
        pairs = [self.pair(listener) for _ in range(50)]
        for _, server in pairs:
            poll.register(server, select.EPOLLIN)
        wanted = {server.fileno() for _, server in pairs[::7]}
        for client, _ in pairs[::7]:
            client.send(b"x")
        self.eventually(lambda: {fd for fd, _ in poll.poll(0)}, wanted)

    def test_of_a_copied_descriptor(self):
        client, server = self.pair()
        copy = os.dup(server.fileno())
        self.addCleanup(os.close, copy)
        poll = self.epoll(copy, select.EPOLLIN)
        server.close()
        client.send(b"x")
        self.assertEqual(self.names(poll), ["IN"])


if __name__ == "__main__":
    unittest.main()
