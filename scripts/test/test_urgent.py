"""Urgent data (RFC 9293 3.8.5, RFC 6093) as tcp(7) has it: MSG_OOB, SO_OOBINLINE, SIOCATMARK, SIGURG, POLLPRI."""
import errno
import fcntl
import os
import select
import signal
import socket
import unittest

from xtcp_sockets import (A_WHILE, CLOSE_WAIT, PATIENCE, SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SOL_TCP, SO_PEEK_OFF,
                          SocketTest, Task, disconnect, events, ioctl_int, libc, recv_exactly)

SIOCATMARK = 0x8905
OOB = socket.MSG_OOB
NOW = socket.MSG_DONTWAIT
BAD_POINTER = 1
READABLE = select.POLLIN | select.POLLPRI


class UrgentTest(SocketTest):
    """Client sends, server receives."""

    def setUp(self):
        super().setUp()
        self.client, self.server = self.pair()

    def inline(self, on=1):
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, on)

    def send(self, *pieces):
        """Send the pieces, those that end in ! or ? as urgent, and wait until the server's TCP has them all."""
        for piece in pieces:
            self.assertEqual(self.client.send(piece, OOB if piece[-1:] in b"!?" else 0), len(piece))
        self.eventually(lambda: ioctl_int(self.client, SIOCOUTQ), 0)

    def at_mark(self):
        return ioctl_int(self.server, SIOCATMARK)

    def read_to_mark(self):
        """Read only what is there: a read that waits at a mark not yet announced would run past it."""
        got = bytearray()
        poll = select.poll()
        poll.register(self.server, READABLE)
        while not self.at_mark():
            if poll.poll(PATIENCE * 1000)[0][1] & select.POLLIN:
                got += self.server.recv(1 << 16)
        return bytes(got)

    def polled(self):
        return events(self.server, READABLE)

    def refused(self, *codes, flags=OOB):
        with self.raises(*codes):
            self.server.recv(1, flags)


class OutOfBand(UrgentTest):
    """recv(MSG_OOB)"""

    def test_last_octet_is_urgent(self):
        self.send(b"abc!")
        self.assertEqual(self.server.recv(100, OOB), b"!")
        self.assertEqual(self.server.recv(100), b"abc")

    def test_never_sent(self):
        self.refused(errno.EINVAL)
        self.send(b"abc")
        self.refused(errno.EINVAL)

    def test_read_already(self):
        self.send(b"!")
        self.server.recv(1, OOB)
        self.refused(errno.EINVAL)

    def test_passed_by(self):
        """Who reads past the mark has lost the urgent octet."""
        self.send(b"ab!", b"cd")
        self.assertEqual(self.server.recv(100), b"ab")
        self.assertEqual(self.server.recv(1, OOB | socket.MSG_PEEK), b"!")
        self.assertEqual(self.server.recv(1), b"c")
        self.refused(errno.EINVAL)
        self.assertEqual(self.server.recv(100), b"d")

    def test_peek(self):
        self.send(b"!")
        for _ in range(2):
            self.assertEqual(self.server.recv(1, OOB | socket.MSG_PEEK), b"!")
        self.assertEqual(self.server.recv(1, OOB), b"!")
        self.refused(errno.EINVAL, flags=OOB | socket.MSG_PEEK)

    def test_before_the_text_in_front_of_it(self):
        self.send(b"a" * 1000, b"!")
        self.assertEqual(self.server.recv(1, OOB), b"!")
        self.assertEqual(recv_exactly(self.server, 1000), b"a" * 1000)

    def test_recvmsg_says_so(self):
        self.send(b"a!")
        data, _, flags, _ = self.server.recvmsg(10, 0, OOB)
        self.assertEqual((data, flags & OOB), (b"!", OOB))
        data, _, flags, _ = self.server.recvmsg(10)
        self.assertEqual((data, flags & OOB), (b"a", 0))

    def test_no_room(self):
        self.send(b"!")
        data, _, flags, _ = self.server.recvmsg(0, 0, OOB)
        self.assertEqual((data, flags & socket.MSG_TRUNC), (b"", socket.MSG_TRUNC))
        self.refused(errno.EINVAL)

    def test_thrown_away(self):
        self.send(b"!")
        self.assertEqual(libc("recv", self.server.fileno(), None, 10, OOB | socket.MSG_TRUNC), 1)
        self.refused(errno.EINVAL)

    def test_bad_pointer(self):
        self.send(b"!")
        with self.raises(errno.EFAULT):
            libc("recv", self.server.fileno(), BAD_POINTER, 1, OOB)

    def test_never_blocks(self):
        """Not even where it is announced: see Announced."""
        self.server.setblocking(True)
        self.refused(errno.EINVAL)

    def test_both_ways(self):
        self.send(b"ab!")
        self.server.send(b"cd?", OOB)
        self.eventually(lambda: ioctl_int(self.server, SIOCOUTQ), 0)
        self.assertEqual(self.client.recv(1, OOB), b"?")
        self.assertEqual(self.server.recv(1, OOB), b"!")
        self.assertEqual(self.client.recv(9), b"cd")
        self.assertEqual(self.server.recv(9), b"ab")


class Sending(UrgentTest):
    """send(MSG_OOB)"""

    def test_nothing_is_not_urgent(self):
        self.assertEqual(self.client.send(b"", OOB), 0)
        self.send(b"a")
        self.refused(errno.EINVAL)

    def test_large(self):
        data = bytes(range(256)) * 200
        task = Task(self.read_to_mark)
        self.client.sendall(data + b"!", OOB)
        self.assertEqual(task.result(), data)
        self.assertEqual(self.server.recv(1, OOB), b"!")

    def test_larger_than_the_pointer_reaches(self):
        """64 KiB is as far as the urgent pointer points; the mark is right all the same."""
        data = bytes(range(256)) * 600
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        task = Task(self.read_to_mark)
        self.client.sendall(data + b"!", OOB)
        self.assertEqual(task.result(), data)
        self.assertEqual(self.server.recv(1, OOB), b"!")

    def test_with_more_to_come(self):
        """MSG_MORE does not hold it."""
        self.client.send(b"a", socket.MSG_MORE)
        self.client.send(b"!", OOB | socket.MSG_MORE)
        self.assertEqual(ioctl_int(self.client, SIOCOUTQNSD), 0)
        self.eventually(self.polled, "IN PRI")
        self.assertEqual(self.server.recv(1, OOB), b"!")

    def test_corked(self):
        self.client.setsockopt(SOL_TCP, socket.TCP_CORK, 1)
        self.client.send(b"held")
        self.assertEqual(ioctl_int(self.client, SIOCOUTQNSD), 4)
        self.client.send(b"!", OOB)
        self.assertEqual(ioctl_int(self.client, SIOCOUTQNSD), 0)
        self.eventually(self.polled, "IN PRI")
        self.assertEqual(self.server.recv(9), b"held")

    def test_small_ones_do_not_wait_for_each_other(self):
        """Nagle does not hold them."""
        for _ in range(20):
            self.client.send(b"a!", OOB)
            self.assertEqual(ioctl_int(self.client, SIOCOUTQNSD), 0)

    def test_after_shutdown(self):
        self.client.shutdown(socket.SHUT_WR)
        with self.raises(errno.EPIPE):
            self.client.send(b"!", OOB | socket.MSG_NOSIGNAL)

    def test_not_connected(self):
        with self.raises(errno.EPIPE, errno.ENOTCONN):
            self.socket().send(b"!", OOB | socket.MSG_NOSIGNAL)


    def test_before_accept(self):
        listener = self.listener()
        self.client = self.connected(listener)
        self.send(b"ab!", b"cd")
        self.server = self.accept(listener)
        self.assertEqual(self.server.recv(1, OOB), b"!")
        self.assertEqual(self.server.recv(100), b"ab")
        self.assertEqual(self.server.recv(100), b"cd")


class Mark(UrgentTest):
    """Not inline: the urgent octet is taken out, reading stops where it was."""

    def test_no_mark(self):
        self.assertEqual(self.at_mark(), 0)
        self.send(b"abc")
        self.assertEqual(self.at_mark(), 0)

    def test_read_stops(self):
        self.send(b"ab!", b"cd")
        self.assertEqual(self.at_mark(), 0)
        self.assertEqual(self.server.recv(100), b"ab")
        self.assertEqual(self.at_mark(), 1)
        self.assertEqual(self.server.recv(100), b"cd")
        self.assertEqual(self.at_mark(), 0)

    def test_read_stops_though_it_should_wait_for_all(self):
        self.send(b"ab!", b"cd")
        self.assertEqual(self.server.recv(4, socket.MSG_WAITALL), b"ab")
        self.assertEqual(self.server.recv(2, socket.MSG_WAITALL), b"cd")

    def test_read_stops_though_the_octet_was_read(self):
        self.send(b"ab!", b"cd")
        self.assertEqual(self.server.recv(1, OOB), b"!")
        self.assertEqual(self.server.recv(100), b"ab")
        self.assertEqual(self.at_mark(), 1)
        self.assertEqual(self.server.recv(100), b"cd")

    def test_short_reads(self):
        self.send(b"abc!", b"de")
        got = []
        while len(got) < 5:
            got.append((self.server.recv(1), self.at_mark()))
        self.assertEqual(got, [(b"a", 0), (b"b", 0), (b"c", 1), (b"d", 0), (b"e", 0)])

    def test_first_octet(self):
        self.send(b"!", b"ab")
        self.assertEqual(self.at_mark(), 1)
        self.assertEqual(self.server.recv(100), b"ab")

    def test_nothing_but_it(self):
        """Reading at the mark passes it, even if nothing is behind it."""
        self.send(b"!")
        with self.raises(errno.EAGAIN):
            self.server.recv(1, NOW)
        self.assertEqual(self.at_mark(), 0)
        self.refused(errno.EINVAL)

    def test_reader_waits_for_what_is_behind(self):
        task = Task(self.server.recv, 100)
        self.send(b"!")
        self.assert_blocked(task)
        self.send(b"ab")
        self.assertEqual(task.result(), b"ab")

    def test_peek(self):
        self.send(b"ab!", b"cd")
        self.assertEqual(self.server.recv(100, socket.MSG_PEEK), b"ab")
        self.assertEqual(self.at_mark(), 0)
        self.server.recv(2)
        self.assertEqual(self.server.recv(100, socket.MSG_PEEK), b"cd")
        self.assertEqual(self.at_mark(), 1)
        self.assertEqual(self.server.recv(1, OOB), b"!")
        self.assertEqual(self.server.recv(100), b"cd")

    def test_peek_offset(self):
        self.server.setsockopt(socket.SOL_SOCKET, SO_PEEK_OFF, 0)
        self.send(b"ab!", b"cd")
        self.assertEqual(self.server.recv(100, socket.MSG_PEEK), b"ab")
        self.assertEqual(self.server.recv(100, socket.MSG_PEEK), b"cd")
        self.assertEqual(self.server.recv(100), b"ab")
        self.assertEqual(self.server.recv(100), b"cd")

    def test_throwing_away_stops(self):
        self.send(b"ab!", b"cd")
        self.assertEqual(libc("recv", self.server.fileno(), None, 100, socket.MSG_TRUNC), 2)
        self.assertEqual(self.server.recv(100), b"cd")

    def test_siocinq(self):
        self.send(b"abc!", b"de")
        self.assertEqual(ioctl_int(self.server, SIOCINQ), 3)
        self.server.recv(2)
        self.assertEqual(ioctl_int(self.server, SIOCINQ), 1)
        self.server.recv(1)
        self.assertEqual(ioctl_int(self.server, SIOCINQ), 0)
        self.server.recv(1)
        self.assertEqual(ioctl_int(self.server, SIOCINQ), 1)

    def test_many(self):
        for i in range(100):
            self.send(b"%03d!" % i)
            self.assertEqual(self.server.recv(100), b"%03d" % i)
            self.assertEqual(self.server.recv(1, OOB), b"!")
        self.send(b"end")
        self.assertEqual(self.server.recv(100), b"end")


class Again(UrgentTest):
    """A second urgent octet replaces the first."""

    def test_first_one_stays_in_the_stream(self):
        self.send(b"ab!", b"cd?")
        self.assertEqual(self.server.recv(1, OOB), b"?")
        self.assertEqual(self.server.recv(100), b"ab!cd")
        self.assertEqual(self.at_mark(), 1)

    def test_though_it_was_read(self):
        self.send(b"ab!")
        self.assertEqual(self.server.recv(1, OOB), b"!")
        self.send(b"cd?")
        self.assertEqual(self.server.recv(1, OOB), b"?")
        self.assertEqual(self.server.recv(100), b"ab!cd")

    def test_but_not_when_the_reader_stands_before_it(self):
        self.send(b"ab!")
        self.assertEqual(self.server.recv(100), b"ab")
        self.send(b"cd?")
        self.assertEqual(self.server.recv(1, OOB), b"?")
        self.assertEqual(self.server.recv(100), b"cd")
        self.assertEqual(self.at_mark(), 1)

    def test_one_behind_the_other(self):
        self.send(b"!")
        self.send(b"?")
        self.assertEqual(self.at_mark(), 1)
        self.assertEqual(self.server.recv(1, OOB), b"?")
        self.send(b"ab")
        self.assertEqual(self.server.recv(100), b"ab")

    def test_inline_nothing_is_lost(self):
        self.inline()
        self.send(b"ab!")
        self.assertEqual(self.server.recv(100), b"ab")
        self.send(b"cd?")
        self.assertEqual(self.server.recv(100), b"!cd")
        self.assertEqual(self.at_mark(), 1)
        self.assertEqual(self.server.recv(100), b"?")


class Inline(UrgentTest):
    """SO_OOBINLINE"""

    def setUp(self):
        super().setUp()
        self.inline()

    def test_octet_stays(self):
        self.send(b"ab!", b"cd")
        self.assertEqual(self.server.recv(100), b"ab")
        self.assertEqual(self.at_mark(), 1)
        self.assertEqual(self.server.recv(100), b"!cd")
        self.assertEqual(self.at_mark(), 0)

    def test_not_out_of_band(self):
        self.send(b"!")
        self.refused(errno.EINVAL)
        self.assertEqual(self.server.recv(100), b"!")

    def test_siocinq(self):
        self.send(b"ab!", b"cd")
        self.assertEqual(ioctl_int(self.server, SIOCINQ), 5)

    def test_poll(self):
        self.send(b"!")
        self.assertEqual(self.polled(), "IN PRI")
        self.assertEqual(self.server.recv(100), b"!")
        self.assertEqual(self.polled(), "")

    def test_set_too_late_is_not_too_late(self):
        self.inline(0)
        self.send(b"ab!", b"cd")
        self.inline()
        self.assertEqual(self.server.recv(100), b"ab")
        self.assertEqual(self.server.recv(100), b"!cd")

    def test_cleared_again(self):
        self.send(b"ab!", b"cd")
        self.inline(0)
        self.assertEqual(self.server.recv(1, OOB), b"!")
        self.assertEqual(self.server.recv(100), b"ab")
        self.assertEqual(self.server.recv(100), b"cd")


class Poll(UrgentTest):
    def test_pri_until_it_is_read(self):
        self.assertEqual(self.polled(), "")
        self.send(b"ab!")
        self.assertEqual(self.polled(), "IN PRI")
        self.server.recv(1, OOB)
        self.assertEqual(self.polled(), "IN")

    def test_pri_until_it_is_passed(self):
        self.send(b"ab!", b"c")
        self.server.recv(100)
        self.assertEqual(self.polled(), "IN PRI")
        self.server.recv(100)
        self.assertEqual(self.polled(), "")

    def test_urgent_octet_is_not_readable(self):
        self.send(b"!")
        self.assertEqual(self.polled(), "PRI")
        self.server.recv(1, OOB)
        self.assertEqual(self.polled(), "")
        self.send(b"a")
        self.assertEqual(self.polled(), "IN")

    def test_select(self):
        self.send(b"!")
        self.assertEqual(select.select([self.server], [], [self.server], PATIENCE), ([], [], [self.server]))

    def test_select_wakes(self):
        task = Task(select.select, [], [], [self.server], PATIENCE)
        self.assert_blocked(task)
        self.client.send(b"!", OOB)
        self.assertEqual(task.result(), ([], [], [self.server]))

    def test_epoll(self):
        with select.epoll() as epoll:
            epoll.register(self.server, select.EPOLLPRI | select.EPOLLET)
            self.assertEqual(epoll.poll(0), [])
            for _ in range(3):
                self.client.send(b"a!", OOB)
                self.assertEqual(epoll.poll(PATIENCE), [(self.server.fileno(), select.EPOLLPRI)])
                self.assertEqual(self.server.recv(1, OOB), b"!")

    def test_rdband_is_never_said(self):
        self.send(b"!")
        self.assertEqual(events(self.server, select.POLLRDBAND, A_WHILE), "")


class Sigurg(UrgentTest):
    """SIGURG to the owner of the socket. In children: they have one thread, so that the signal finds who waits."""

    def listening(self, function):
        def run():
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGURG])
            function()
        self.in_child(run)

    def own(self):
        fcntl.fcntl(self.server, fcntl.F_SETOWN, os.getpid())

    def signalled(self, seconds):
        return signal.sigtimedwait([signal.SIGURG], seconds) is not None

    def test_owner(self):
        def run():
            self.own()
            self.client.send(b"!", OOB)
            self.assertTrue(self.signalled(PATIENCE))
        self.listening(run)

    def test_nobody(self):
        def run():
            self.send(b"!")
            self.assertFalse(self.signalled(A_WHILE))
        self.listening(run)

    def test_ordinary_text(self):
        def run():
            self.own()
            self.send(b"a")
            self.assertFalse(self.signalled(A_WHILE))
        self.listening(run)

    def test_each_time(self):
        def run():
            self.own()
            for _ in range(3):
                self.client.send(b"a!", OOB)
                self.assertTrue(self.signalled(PATIENCE))
        self.listening(run)

    def test_inline(self):
        def run():
            self.own()
            self.inline()
            self.client.send(b"!", OOB)
            self.assertTrue(self.signalled(PATIENCE))
        self.listening(run)


class Announced(UrgentTest):
    """The window is shut: the sender says all the same that there is urgent data (RFC 9293 3.8.6.1, MUST-36)."""

    TEXT = bytes(range(250)) * 120

    def setUp(self):
        super().setUp()
        listener = self.listener()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.client, self.server = self.pair(listener)
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 200000)
        self.client.sendall(self.TEXT)
        self.client.send(b"!", OOB)

    def try_oob(self):
        try:
            return self.server.recv(1, OOB)
        except OSError as error:
            return error.errno

    def test_not_here_yet(self):
        self.eventually(self.try_oob, errno.EAGAIN)
        self.assertEqual(self.polled(), "IN")
        self.assertEqual(recv_exactly(self.server, len(self.TEXT)), self.TEXT)
        self.eventually(self.try_oob, b"!")

    def test_mark_is_known(self):
        self.eventually(self.try_oob, errno.EAGAIN)
        self.assertEqual(self.read_to_mark(), self.TEXT)

    def test_siocinq_is_what_is_here(self):
        self.eventually(self.try_oob, errno.EAGAIN)
        here = ioctl_int(self.server, SIOCINQ)
        self.assertGreater(here, 0)
        self.assertLess(here, len(self.TEXT))

    def test_sender_is_gone(self):
        """The connection ends before the octet comes: nothing to read."""
        self.eventually(self.try_oob, errno.EAGAIN)
        self.server.shutdown(socket.SHUT_RD)
        self.assertEqual(self.try_oob(), b"")

    def test_inline(self):
        self.inline()
        self.assertEqual(recv_exactly(self.server, len(self.TEXT) + 1), self.TEXT + b"!")

    def test_sigurg(self):
        def run():
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGURG])
            fcntl.fcntl(self.server, fcntl.F_SETOWN, os.getpid())
            self.client.send(b"more?", OOB)
            self.assertIsNotNone(signal.sigtimedwait([signal.SIGURG], PATIENCE))
        self.in_child(run)


class End(UrgentTest):
    """Urgent data and the end of the stream."""

    def test_fin_behind_it(self):
        self.client.send(b"ab!", OOB)
        self.client.shutdown(socket.SHUT_WR)
        self.await_state(self.server, CLOSE_WAIT)
        self.assertEqual(self.server.recv(100), b"ab")
        self.assertEqual(self.at_mark(), 1)
        self.assertEqual(self.server.recv(1, OOB), b"!")
        self.assertEqual(self.server.recv(100), b"")
        self.assertEqual(self.server.recv(100), b"")

    def test_fin_and_it_not_read(self):
        self.client.send(b"!", OOB)
        self.client.close()
        self.await_state(self.server, CLOSE_WAIT)
        self.assertEqual(self.server.recv(100), b"")
        self.refused(errno.EINVAL)

    def test_inline_fin(self):
        self.inline()
        self.client.send(b"ab!", OOB)
        self.client.close()
        self.await_state(self.server, CLOSE_WAIT)
        self.assertEqual(self.server.recv(100), b"ab")
        self.assertEqual(self.server.recv(100), b"!")
        self.assertEqual(self.server.recv(100), b"")

    def test_siocinq(self):
        self.client.send(b"ab!", OOB)
        self.client.close()
        self.await_state(self.server, CLOSE_WAIT)
        self.assertEqual(ioctl_int(self.server, SIOCINQ), 2)
        self.inline()
        self.assertEqual(ioctl_int(self.server, SIOCINQ), 3)

    def test_after_reset(self):
        self.send(b"!")
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.client.close()
        self.eventually(lambda: "HUP" in events(self.server), True)
        self.refused(errno.ENOTCONN)

    def test_close_with_it_unread_resets(self):
        """It is text like any other that got lost (RFC 2525 2.17)."""
        self.send(b"!")
        self.server.close()
        self.eventually(lambda: "ERR" in events(self.client), True)
        with self.raises(errno.ECONNRESET):
            self.client.recv(1)

    def test_disconnected(self):
        self.send(b"ab!")
        disconnect(self.server)
        self.refused(errno.EINVAL)
        self.assertEqual(self.at_mark(), 0)

    def test_never_connected(self):
        sock = self.socket()
        self.assertEqual(ioctl_int(sock, SIOCATMARK), 0)
        with self.raises(errno.EINVAL):
            sock.recv(1, OOB)

    def test_listener(self):
        listener = self.listener()
        self.assertEqual(ioctl_int(listener, SIOCATMARK), 0)
        with self.raises(errno.ENOTCONN):
            listener.recv(1, OOB)


if __name__ == "__main__":
    unittest.main()
