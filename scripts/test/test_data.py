"""Data through a connection: all the ways in and out, blocking or not, whole and in order."""
import ctypes
import errno
import fcntl
import hashlib
import mmap
import os
import random
import select
import signal
import socket
import tempfile
import time
import unittest

from test_info import info
from xtcp_sockets import (A_WHILE, KERNEL, PATIENCE, PROTO, SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SOL_TCP, SO_PEEK_OFF,
                          Interruptions, SocketTest, Task, disconnect, events, fill, ioctl_int, libc, recv_all,
                          recv_exactly, reset, set_timeout)

MIB = 1 << 20
BAD_POINTER = 1
PROT_NONE = 0


class Sending(SocketTest):
    def setUp(self):
        super().setUp()
        self.client, self.server = self.pair()

    def assert_received(self, data):
        self.assertEqual(recv_exactly(self.server, len(data)), data)
        self.client.shutdown(socket.SHUT_WR)
        self.assertEqual(self.server.recv(1), b"")

    def test_send(self):
        self.assertEqual(self.client.send(b"hello"), 5)
        self.assert_received(b"hello")

    def test_write(self):
        self.assertEqual(os.write(self.client.fileno(), b"hello"), 5)
        self.assert_received(b"hello")

    def test_writev(self):
        self.assertEqual(os.writev(self.client.fileno(), [b"he", b"", b"llo"]), 5)
        self.assert_received(b"hello")

    def test_sendmsg(self):
        pieces = [bytes([i]) * i for i in range(200)]
        self.assertEqual(self.client.sendmsg(pieces), sum(range(200)))
        self.assert_received(b"".join(pieces))

    def test_sendmsg_large(self):
        pieces = [bytes([i]) * 30011 for i in range(50)]
        task = Task(recv_exactly, self.server, 50 * 30011)
        self.assertEqual(self.client.sendmsg(pieces), 50 * 30011)
        self.assertEqual(task.result(), b"".join(pieces))

    def test_sendto_ignores_the_address(self):
        self.assertEqual(self.client.sendto(b"hello", ("127.0.0.9", 9)), 5)
        self.assert_received(b"hello")

    def test_send_nothing(self):
        self.assertEqual(self.client.send(b""), 0)
        self.assertEqual(self.client.sendmsg([]), 0)
        self.client.send(b"x")
        self.assert_received(b"x")

    def test_server_can_speak_first(self):
        self.server.send(b"hello")
        self.assertEqual(self.client.recv(100), b"hello")

    def test_sendfile(self):
        data = random.Random(1).randbytes(MIB)
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            task = Task(recv_exactly, self.server, MIB - 1000)
            offset = 1000
            while offset < MIB:
                offset += os.sendfile(self.client.fileno(), file.fileno(), offset, MIB)
        self.assertEqual(task.result(), data[1000:])

    @unittest.skipUnless(hasattr(os, "splice"), "no os.splice")
    def test_splice_from_a_pipe(self):
        reader, writer = self.pipe()
        os.write(writer, b"through a pipe")
        self.assertEqual(os.splice(reader, self.client.fileno(), 100), 14)
        self.assert_received(b"through a pipe")

    @unittest.skipUnless(hasattr(os, "splice"), "no os.splice")
    def test_splice_to_a_pipe(self):
        reader, writer = self.pipe()
        data = random.Random(2).randbytes(40000)
        self.client.sendall(data)
        self.client.shutdown(socket.SHUT_WR)
        got = b""
        while count := os.splice(self.server.fileno(), writer, 30000):
            piece = os.read(reader, count)
            self.assertEqual(len(piece), count)
            got += piece
        self.assertEqual(got, data)

    @unittest.skipUnless(hasattr(os, "splice"), "no os.splice")
    def test_splice_waits(self):
        reader, writer = self.pipe()
        task = Task(os.splice, self.server.fileno(), writer, 100)
        self.assert_blocked(task)
        self.client.send(b"hello")
        self.assertEqual(task.result(), 5)
        self.assertEqual(os.read(reader, 100), b"hello")

    @unittest.skipUnless(hasattr(os, "splice"), "no os.splice")
    def test_splice_takes_no_more_than_the_pipe_holds(self):
        reader, writer = self.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        data = random.Random(3).randbytes(20000)
        task = Task(self.client.sendall, data)
        got = b""
        while len(got) < len(data):
            count = os.splice(self.server.fileno(), writer, 20000)
            self.assertLessEqual(count, 4096)
            got += os.read(reader, count)
        task.result()
        self.assertEqual(got, data)

    @unittest.skipUnless(hasattr(os, "splice"), "no os.splice")
    def test_splice_makes_room(self):
        """And who waits for it hears of that at once, not when he probes."""
        reader, writer = self.pipe()
        client, server = self.small_pair()
        count = fill(client)
        began = time.monotonic()
        while count:
            count -= len(os.read(reader, os.splice(server.fileno(), writer, 65536)))
        self.assertEqual(events(client, select.POLLOUT, PATIENCE), "OUT")
        self.assert_took(began, 0, 0.05)

    @unittest.skipUnless(hasattr(os, "splice"), "no os.splice")
    def test_splice_stops_before_an_urgent_octet(self):
        reader, writer = self.pipe()
        self.client.send(b"before")
        self.client.send(b"!", socket.MSG_OOB)
        self.client.send(b"after")
        self.eventually(lambda: ioctl_int(self.client, SIOCOUTQ), 0)
        self.assertEqual(os.splice(self.server.fileno(), writer, 100), 6)
        self.assertEqual(os.read(reader, 100), b"before")
        self.assertEqual(Task(os.splice, self.server.fileno(), writer, 100).result(), 0)
        self.assertEqual(self.server.recv(100), b"after")

    @unittest.skipUnless(hasattr(os, "splice"), "no os.splice")
    def test_splice_of_what_cannot_be_read(self):
        _, writer = self.pipe()
        for sock in self.socket(), self.listener():
            with self.raises(errno.ENOTCONN):
                os.splice(sock.fileno(), writer, 100)
        self.server.setblocking(False)
        with self.raises(errno.EAGAIN):
            os.splice(self.server.fileno(), writer, 100)

    @unittest.skipIf(KERNEL < (6, 5), "the kernel tells nobody of the end")
    def test_sendfile_beyond_the_end(self):
        """The last part is not held back for text that does not come."""
        with tempfile.TemporaryFile() as file:
            file.write(b"x" * 3000)
            file.flush()
            self.assertEqual(os.sendfile(self.client.fileno(), file.fileno(), 0, 10000), 3000)
            self.assertEqual(ioctl_int(self.client, SIOCOUTQNSD), 0)
        self.assert_received(b"x" * 3000)

    @unittest.skipIf(KERNEL < (6, 5), "the kernel gives no pages")
    def test_sendfile_copies_nothing(self):
        """So that what is written to the file before that is read is what is read, as with the kernel's TCP."""
        file = os.memfd_create("sent")
        self.addCleanup(os.close, file)
        os.write(file, b"x" * 4096)
        self.assertEqual(os.sendfile(self.client.fileno(), file, 0, 4096), 4096)
        os.pwrite(file, b"y" * 4096, 0)
        self.assert_received(b"y" * 4096)

    def test_bad_control_message(self):
        with self.raises(errno.EINVAL):
            self.client.sendmsg([b"hello"], [(socket.SOL_SOCKET, 9999, b"what?")])
        self.client.sendmsg([b"hello"], [(socket.SOL_IP, 9999, b"not for us")])
        self.assert_received(b"hello")

    def pipe(self):
        ends = os.pipe()
        for end in ends:
            self.addCleanup(os.close, end)
        return ends

    def test_msg_more(self):
        self.client.send(b"hello, ", socket.MSG_MORE)
        self.client.send(b"world")
        self.assert_received(b"hello, world")

    def test_msg_more_holds_back(self):
        """For a while only, so that one look in many must do."""
        self.client.setsockopt(SOL_TCP, socket.TCP_NODELAY, 1)

        def held():
            self.client.send(b"x", socket.MSG_MORE)
            return ioctl_int(self.client, SIOCOUTQNSD) > 0
        self.eventually(held)

    def test_msg_more_is_sent_at_last(self):
        self.client.send(b"hello", socket.MSG_MORE)
        self.assertEqual(self.server.recv(100), b"hello")

    def test_msg_more_and_end(self):
        self.client.send(b"hello", socket.MSG_MORE)
        self.assert_received(b"hello")

    def test_msg_eor(self):
        """What was written before it is in a segment, what comes after it in another."""
        self.client.setsockopt(SOL_TCP, socket.TCP_NODELAY, 1)
        before = info(self.client)["data_segs_out"]
        self.client.send(b"one ", socket.MSG_MORE)
        self.client.send(b"record", socket.MSG_MORE | socket.MSG_EOR)
        self.client.send(b", another")
        self.assert_received(b"one record, another")
        self.assertEqual(info(self.client)["data_segs_out"] - before, 2)

    def test_bad_pointer(self):
        with self.raises(errno.EFAULT):
            libc("send", self.client.fileno(), BAD_POINTER, 1000, 0)
        self.client.send(b"unharmed")
        self.assert_received(b"unharmed")

    def test_half_bad_buffer(self):
        """Whatever part of it send() says it took, the peer gets just that."""
        page = mmap.PAGESIZE
        with mmap.mmap(-1, 2 * page) as memory:
            memory[:page] = data = random.Random(3).randbytes(page)
            start = ctypes.addressof(handle := ctypes.c_char.from_buffer(memory))
            libc("mprotect", ctypes.c_void_p(start + page), page, PROT_NONE)
            taken = self.send_some(start, 2 * page)
            libc("mprotect", ctypes.c_void_p(start + page), page, mmap.PROT_READ | mmap.PROT_WRITE)
            del handle
        self.client.send(b"end")
        self.assert_received(data[:taken] + b"end")

    def send_some(self, start, size):
        try:
            return libc("send", self.client.fileno(), ctypes.c_void_p(start), size, 0)
        except OSError as error:
            self.assertEqual(error.errno, errno.EFAULT)
            return 0


class Receiving(SocketTest):
    def setUp(self):
        super().setUp()
        self.client, self.server = self.pair()
        self.server.setsockopt(SOL_TCP, socket.TCP_NODELAY, 1)

    def arrive(self, *pieces):
        """Each piece is a segment of its own; all are there when this ends."""
        for i, piece in enumerate(pieces, 1):
            self.server.sendall(piece)
            self.await_input(self.client, sum(map(len, pieces[:i])))

    def test_recv_takes_what_is_there(self):
        self.arrive(b"hello")
        self.assertEqual(self.client.recv(100), b"hello")

    def test_recv_takes_no_more_than_asked_for(self):
        self.arrive(b"hello")
        self.assertEqual([self.client.recv(2) for _ in range(3)], [b"he", b"ll", b"o"])

    def test_recv_joins_segments(self):
        self.arrive(b"hello, ", b"world")
        self.assertEqual(self.client.recv(100), b"hello, world")

    def test_recv_into(self):
        self.arrive(b"hello")
        buffer = bytearray(b"-" * 10)
        self.assertEqual(self.client.recv_into(buffer), 5)
        self.assertEqual(buffer, b"hello-----")

    def test_recvfrom_gives_no_address(self):
        self.arrive(b"hello")
        self.assertEqual(self.client.recvfrom(100), (b"hello", None))

    def test_recvmsg(self):
        self.arrive(b"hello")
        data, ancillary, flags, address = self.client.recvmsg(100, 100)
        self.assertEqual((data, ancillary, flags, address), (b"hello", [], 0, None))

    def test_recvmsg_into(self):
        self.arrive(b"hello, world")
        buffers = [bytearray(2), bytearray(0), bytearray(3), bytearray(100)]
        self.assertEqual(self.client.recvmsg_into(buffers)[0], 12)
        self.assertEqual(b"".join(buffers).rstrip(b"\0"), b"hello, world")

    def test_read_and_readv(self):
        self.arrive(b"hello, world")
        self.assertEqual(os.read(self.client.fileno(), 3), b"hel")
        buffers = [bytearray(4), bytearray(5)]
        self.assertEqual(os.readv(self.client.fileno(), buffers), 9)
        self.assertEqual(buffers, [b"lo, ", b"world"])

    def recv_nothing(self, flags):
        """Python's recv(0) does not ask the kernel."""
        return libc("recv", self.client.fileno(), bytes(1), 0, flags)

    def test_recv_nothing(self):
        self.arrive(b"hello")
        self.assertEqual(self.recv_nothing(0), 0)
        self.assertEqual(self.client.recv(100), b"hello")

    def test_recv_nothing_from_nothing(self):
        with self.raises(errno.EAGAIN):
            self.recv_nothing(socket.MSG_DONTWAIT)

    def test_end(self):
        self.server.close()
        for _ in range(3):
            self.assertEqual(self.client.recv(100), b"")

    def test_bad_pointer(self):
        self.arrive(b"hello")
        with self.raises(errno.EFAULT):
            libc("recv", self.client.fileno(), BAD_POINTER, 5, 0)
        self.assertEqual(self.client.recv(100), b"hello")

    # MSG_PEEK

    def test_peek(self):
        self.arrive(b"hello")
        for _ in range(3):
            self.assertEqual(self.client.recv(100, socket.MSG_PEEK), b"hello")
        self.assertEqual(self.client.recv(100), b"hello")

    def test_peek_less(self):
        self.arrive(b"hello")
        self.assertEqual(self.client.recv(2, socket.MSG_PEEK), b"he")
        self.assertEqual(self.client.recv(100), b"hello")

    def test_peek_across_segments(self):
        self.arrive(b"one, ", b"two, ", b"three")
        for _ in range(2):
            self.assertEqual(self.client.recv(7, socket.MSG_PEEK), b"one, tw")
            self.assertEqual(self.client.recv(100, socket.MSG_PEEK), b"one, two, three")
        self.assertEqual(self.client.recv(7), b"one, tw")
        self.assertEqual(self.client.recv(100, socket.MSG_PEEK), b"o, three")
        self.assertEqual(self.client.recv(100), b"o, three")

    def test_peek_waits(self):
        task = Task(self.client.recv, 100, socket.MSG_PEEK)
        self.assert_blocked(task)
        self.server.send(b"hello")
        self.assertEqual(task.result(), b"hello")
        self.assertEqual(self.client.recv(100), b"hello")

    def test_peek_at_the_end(self):
        self.arrive(b"hello")
        self.server.close()
        self.assertEqual(self.client.recv(100, socket.MSG_PEEK), b"hello")
        self.assertEqual(self.client.recv(100), b"hello")
        self.assertEqual(self.client.recv(100, socket.MSG_PEEK), b"")

    def test_peek_and_wait_for_all(self):
        self.arrive(b"hello")
        task = Task(self.client.recv, 12, socket.MSG_PEEK | socket.MSG_WAITALL)
        self.assert_blocked(task)
        self.server.send(b", world")
        self.assertEqual(task.result(), b"hello, world")
        self.assertEqual(self.client.recv(100), b"hello, world")

    def test_so_peek_off(self):
        self.arrive(b"hello, ", b"world")
        try:
            self.client.setsockopt(socket.SOL_SOCKET, SO_PEEK_OFF, 3)
        except OSError as error:
            self.assertEqual(error.errno, errno.EOPNOTSUPP)
            self.skipTest("no SO_PEEK_OFF")
        self.assertEqual(self.client.recv(6, socket.MSG_PEEK), b"lo, wo")
        self.assertEqual(self.client.recv(100, socket.MSG_PEEK), b"rld")
        self.assertEqual(self.client.recv(100), b"hello, world")

    def test_so_peek_off_ends_with_the_connection(self):
        self.client.setsockopt(socket.SOL_SOCKET, SO_PEEK_OFF, 3)
        disconnect(self.client)
        self.assertEqual(self.client.getsockopt(socket.SOL_SOCKET, SO_PEEK_OFF), -1)

    def test_so_peek_off_moves_though_not_all_is_there(self):
        self.arrive(b"hello")
        self.client.setsockopt(socket.SOL_SOCKET, SO_PEEK_OFF, 0)
        peek = socket.MSG_PEEK | socket.MSG_DONTWAIT
        self.assertEqual(self.client.recv(100, peek | socket.MSG_WAITALL), b"hello")
        with self.raises(errno.EAGAIN):
            self.client.recv(100, peek)

    @unittest.skipIf(PROTO == 6, "the kernel's TCP skips as much as before, though that was read")
    def test_so_peek_off_moves_with_what_is_read(self):
        """Also for one who waits for what is behind it: he sees the next octet that nobody saw."""
        self.arrive(b"hello")
        self.client.setsockopt(socket.SOL_SOCKET, SO_PEEK_OFF, 5)
        task = Task(self.client.recv, 100, socket.MSG_PEEK)
        self.assert_blocked(task)
        self.assertEqual(self.client.recv(5), b"hello")
        self.assertEqual(self.client.getsockopt(socket.SOL_SOCKET, SO_PEEK_OFF), 0)
        self.assert_blocked(task)
        self.server.send(b"wo")
        self.assertEqual(task.result(), b"wo")
        self.assertEqual(self.client.recv(100), b"wo")

    # MSG_TRUNC: throw away

    def test_trunc_discards(self):
        self.arrive(b"hello, ", b"world")
        buffer = bytearray(b"-" * 9)
        self.assertEqual(self.client.recv_into(buffer, 9, socket.MSG_TRUNC), 9)
        self.assertEqual(buffer, b"-" * 9)
        self.assertEqual(self.client.recv(100), b"rld")

    def test_trunc_discards_no_more_than_is_there(self):
        self.arrive(b"hello")
        self.assertEqual(self.client.recv_into(bytearray(100), 100, socket.MSG_TRUNC), 5)
        with self.raises(errno.EAGAIN):
            self.client.recv(1, socket.MSG_DONTWAIT)

    def test_trunc_needs_no_buffer(self):
        self.arrive(b"hello")
        self.assertEqual(libc("recv", self.client.fileno(), None, 4, socket.MSG_TRUNC), 4)
        self.assertEqual(self.client.recv(100), b"o")

    # MSG_WAITALL

    def waitall(self, count):
        task = Task(self.client.recv, count, socket.MSG_WAITALL)
        self.assert_blocked(task)
        return task

    def test_waitall(self):
        self.arrive(b"hello")
        task = self.waitall(12)
        self.server.send(b", ")
        self.assert_blocked(task)
        self.server.send(b"world!")
        self.assertEqual(task.result(), b"hello, world")
        self.assertEqual(self.client.recv(100), b"!")

    def test_waitall_ends_at_the_end(self):
        self.arrive(b"hello")
        task = self.waitall(12)
        self.server.close()
        self.assertEqual(task.result(), b"hello")

    def test_waitall_ends_at_a_timeout(self):
        self.arrive(b"hello")
        set_timeout(self.client, socket.SO_RCVTIMEO, 0.1)
        self.assertEqual(self.client.recv(12, socket.MSG_WAITALL), b"hello")

    def test_waitall_does_not_wait_if_nonblocking(self):
        self.arrive(b"hello")
        self.assertEqual(self.client.recv(12, socket.MSG_WAITALL | socket.MSG_DONTWAIT), b"hello")

    def test_waitall_for_more_than_fits(self):
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        data = random.Random(4).randbytes(60000)
        task = Task(self.client.recv, len(data), socket.MSG_WAITALL)
        self.server.sendall(data)
        self.assertEqual(task.result(), data)

    # SO_RCVLOWAT

    def test_rcvlowat(self):
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 10)
        self.assertEqual(self.client.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT), 10)
        task = Task(self.client.recv, 100)
        self.server.send(b"four")
        self.assert_blocked(task)
        self.server.send(b" and ten more")  # Linux wakes nobody for fewer if recv() has taken the four already
        self.assertEqual(task.result(), b"four and ten more")

    def test_rcvlowat_poll(self):
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 10)
        self.arrive(b"four")
        self.assertEqual(events(self.client), "OUT")
        self.server.send(b" and six")
        self.await_events(self.client, "IN OUT")

    def test_rcvlowat_does_not_hold_back_the_end(self):
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 10)
        self.server.send(b"four")
        self.server.close()
        self.assertEqual(self.client.recv(100), b"four")

    def test_rcvlowat_does_not_hold_back_a_small_request(self):
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 10)
        self.arrive(b"four")
        self.assertEqual(self.client.recv(4), b"four")

    def test_rcvlowat_zero_means_one(self):
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 10)
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 0)
        self.assertEqual(self.client.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT), 1)


class NotWaiting(SocketTest):
    """EAGAIN, timeouts, signals."""

    def setUp(self):
        super().setUp()
        self.client, self.server = self.small_pair()

    def test_recv_dontwait(self):
        with self.raises(errno.EAGAIN):
            self.client.recv(1, socket.MSG_DONTWAIT)

    def test_recv_o_nonblock(self):
        self.client.setblocking(False)
        with self.raises(errno.EAGAIN):
            self.client.recv(1)

    def test_send_dontwait(self):
        self.assertGreater(fill(self.client), 0)
        with self.raises(errno.EAGAIN):
            while True:
                self.client.send(bytes(10000), socket.MSG_DONTWAIT)

    def test_send_o_nonblock(self):
        self.client.setblocking(False)
        with self.raises(errno.EAGAIN):
            while True:
                self.client.send(bytes(10000))

    def test_send_o_nonblock_takes_a_part(self):
        self.client.setblocking(False)
        count = self.client.send(bytes(8 * MIB))
        self.assertGreater(count, 0)
        self.assertLess(count, 8 * MIB)
        self.client.close()
        self.assertEqual(len(recv_all(self.server)), count)

    def test_recv_timeout(self):
        set_timeout(self.client, socket.SO_RCVTIMEO, 0.1)
        with self.raises(errno.EAGAIN):
            self.client.recv(1)
        self.server.send(b"x")
        self.await_input(self.client, 1)
        self.assertEqual(self.client.recv(1), b"x")

    def test_send_timeout(self):
        fill(self.client)
        set_timeout(self.client, socket.SO_SNDTIMEO, 0.1)
        with self.raises(errno.EAGAIN):
            while True:
                self.client.send(bytes(10000))

    def test_send_timeout_takes_a_part(self):
        set_timeout(self.client, socket.SO_SNDTIMEO, 0.1)
        count = self.client.send(bytes(8 * MIB))
        self.assertLess(count, 8 * MIB)
        self.client.close()
        self.assertEqual(len(recv_all(self.server)), count)

    def test_timeouts_can_be_read(self):
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            set_timeout(self.client, option, 2.5)
            self.assertEqual(self.client.getsockopt(socket.SOL_SOCKET, option, 16),
                             (2).to_bytes(8, "little") + (500000).to_bytes(8, "little"))

    def raw_recv(self):
        buffer = ctypes.create_string_buffer(100)
        count = libc("recv", self.client.fileno(), buffer, 100, 0)
        return buffer.raw[:count]

    def test_recv_signal(self):
        with Interruptions(restart=False), self.raises(errno.EINTR):
            self.raw_recv()

    def test_recv_signal_with_sa_restart(self):
        with Interruptions(restart=True) as signals:
            task = Task(self.send_after_signals, signals)
            self.assertEqual(self.raw_recv(), b"hello")
        task.result()

    def send_after_signals(self, signals):
        self.eventually(lambda: signals.sent >= 3)
        self.server.send(b"hello")

    def test_recv_signal_with_sa_restart_and_timeout(self):
        set_timeout(self.client, socket.SO_RCVTIMEO, 60)
        with Interruptions(restart=True), self.raises(errno.EINTR):
            self.raw_recv()

    def test_send_signal(self):
        fill(self.client)
        data = bytes(1000000)
        with Interruptions(restart=False), self.raises(errno.EINTR):
            while libc("send", self.client.fileno(), data, len(data), 0) < len(data):
                pass

    def test_send_signal_takes_a_part(self):
        data = bytes(8 * MIB)
        with Interruptions(restart=False):
            count = libc("send", self.client.fileno(), data, len(data), 0)
        self.assertGreater(count, 0)
        self.assertLess(count, len(data))
        self.client.close()
        self.assertEqual(len(recv_all(self.server)), count)


class Blocked(SocketTest):
    def setUp(self):
        super().setUp()
        self.client, self.server = self.small_pair()

    def test_recv_is_woken(self):
        task = Task(self.client.recv, 100)
        self.assert_blocked(task)
        self.server.send(b"hello")
        self.assertEqual(task.result(), b"hello")

    def test_recv_is_woken_by_the_end(self):
        task = Task(self.client.recv, 100)
        self.assert_blocked(task)
        self.server.close()
        self.assertEqual(task.result(), b"")

    def test_recv_is_woken_by_reset(self):
        task = Task(self.client.recv, 100)
        self.assert_blocked(task)
        reset(self.server)
        with self.raises(errno.ECONNRESET):
            task.result()

    def test_slow_reader_loses_nothing(self):
        data = random.Random(5).randbytes(2 * MIB)
        task = Task(self.client.sendall, data)
        self.assert_blocked(task)
        self.assertEqual(recv_exactly(self.server, 1000), data[:1000])
        self.assert_blocked(task)
        self.assertEqual(recv_exactly(self.server, len(data) - 1000), data[1000:])
        task.result()

    def send_for_ever(self):
        while True:
            self.client.send(bytes(100000))

    def test_send_is_woken_by_reset(self):
        task = Task(self.send_for_ever)
        self.assert_blocked(task)
        reset(self.server)
        with self.raises(errno.ECONNRESET):
            task.result()

    def test_send_is_woken_by_close_of_an_unread_socket(self):
        task = Task(self.send_for_ever)
        self.assert_blocked(task)
        self.server.close()
        with self.raises(errno.ECONNRESET):
            task.result()

    def test_send_is_woken_by_shutdown(self):
        task = Task(self.send_for_ever)
        self.assert_blocked(task)
        self.client.shutdown(socket.SHUT_WR)
        with self.raises(errno.EPIPE):
            task.result()

    def test_small_reads_open_the_window(self):
        count = fill(self.client)
        task = Task(self.client.sendall, b"end")
        got = 0
        while got < count:
            got += len(self.server.recv(min(500, count - got)))
        self.assertEqual(recv_exactly(self.server, 3), b"end")
        task.result()


class Sigpipe(SocketTest):
    def setUp(self):
        super().setUp()
        self.signals = []
        old = signal.signal(signal.SIGPIPE, lambda *_: self.signals.append("SIGPIPE"))
        self.addCleanup(signal.signal, signal.SIGPIPE, old)
        self.client, _ = self.pair()
        self.client.shutdown(socket.SHUT_WR)

    def test_send(self):
        with self.raises(errno.EPIPE):
            self.client.send(b"x")
        self.assertEqual(self.signals, ["SIGPIPE"])

    def test_write(self):
        with self.raises(errno.EPIPE):
            os.write(self.client.fileno(), b"x")
        self.assertEqual(self.signals, ["SIGPIPE"])

    def test_msg_nosignal(self):
        with self.raises(errno.EPIPE):
            self.client.send(b"x", socket.MSG_NOSIGNAL)
        self.assertEqual(self.signals, [])

    def test_of_a_writer_that_waits(self):
        for flags, signals in (socket.MSG_NOSIGNAL, []), (0, ["SIGPIPE"]):
            client, _ = self.small_pair()
            fill(client)
            task = Task(client.send, b"x", flags)
            self.assert_blocked(task)
            client.shutdown(socket.SHUT_WR)
            with self.raises(errno.EPIPE):
                task.result()
            self.eventually(lambda: self.signals, signals)

    def test_kills(self):
        def die():
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            self.client.send(b"x")
        self.assertEqual(self.child(die).wait(), -signal.SIGPIPE)


def random_size(chance, limit):
    """Of all magnitudes, at most the limit."""
    return min(limit, chance.randint(1, chance.choice((1, 100, 1460, 10000, 200000))))


class Streams(SocketTest):
    """Much data."""

    @staticmethod
    def send_randomly(sock, size, seed):
        """Random bytes in chunks of random size; gives their hash."""
        chance, digest = random.Random(seed), hashlib.sha256()
        while size:
            chunk = chance.randbytes(random_size(chance, size))
            digest.update(chunk)
            sock.sendall(chunk)
            size -= len(chunk)
        return digest.hexdigest()

    @staticmethod
    def receive_randomly(sock, size, seed):
        chance, digest = random.Random(seed), hashlib.sha256()
        while size:
            chunk = sock.recv(random_size(chance, size))
            if not chunk:
                raise EOFError(f"{size} bytes are missing")
            digest.update(chunk)
            size -= len(chunk)
        return digest.hexdigest()

    def assert_transfer(self, client, server, size, seed):
        task = Task(self.send_randomly, client, size, seed)
        self.assertEqual(self.receive_randomly(server, size, seed + 1), task.result())

    def test_16_mib_up(self):
        client, server = self.pair()
        self.assert_transfer(client, server, 16 * MIB, 10)

    def test_16_mib_down(self):
        client, server = self.pair()
        self.assert_transfer(server, client, 16 * MIB, 20)

    def test_small_buffers(self):
        client, server = self.small_pair()
        self.assert_transfer(client, server, 2 * MIB, 30)

    def test_both_ways_at_once(self):
        client, server = self.pair()
        sends = [Task(self.send_randomly, sock, 4 * MIB, i) for i, sock in enumerate((client, server))]
        receives = [Task(self.receive_randomly, sock, 4 * MIB, i + 2) for i, sock in enumerate((server, client))]
        for send, receive in zip(sends, receives):
            self.assertEqual(send.result(), receive.result())

    def assert_small_writes(self, nodelay):
        client, server = self.pair()
        client.setsockopt(SOL_TCP, socket.TCP_NODELAY, nodelay)
        data = random.Random(40).randbytes(30000)
        task = Task(recv_exactly, server, len(data))
        for i in range(0, len(data), 10):
            client.sendall(data[i:i + 10])
        self.assertEqual(task.result(), data)

    def test_small_writes(self):
        self.assert_small_writes(nodelay=0)

    def test_small_writes_nodelay(self):
        self.assert_small_writes(nodelay=1)

    def test_ping_pong(self):
        client, server = self.pair()
        for i in range(500):
            message = b"%d" % i
            client.sendall(message)
            self.assertEqual(server.recv(100), message)
            server.sendall(message)
            self.assertEqual(client.recv(100), message)

    def test_write_write_read(self):
        """The pattern that Nagle and delayed ACKs make slow, but no more than that."""
        client, server = self.pair()
        for i in range(5):
            client.sendall(b"head")
            client.sendall(b"body")
            self.assertEqual(recv_exactly(server, 8), b"headbody")
            server.sendall(b"%d" % i)
            self.assertEqual(client.recv(100), b"%d" % i)

    def test_two_connections_do_not_mix(self):
        listener = self.listener()
        pairs = [self.pair(listener) for _ in range(2)]
        sends = [Task(self.send_numbers, client, i) for i, (client, _) in enumerate(pairs)]
        for i, (_, server) in enumerate(pairs):
            self.assertEqual(recv_all(server), b"".join(b"%d:%d " % (i, n) for n in range(3000)))
        for send in sends:
            send.result()

    @staticmethod
    def send_numbers(sock, i):
        for n in range(3000):
            sock.sendall(b"%d:%d " % (i, n))
        sock.shutdown(socket.SHUT_WR)


class Queues(SocketTest):
    """SIOCINQ, SIOCOUTQ, SIOCOUTQNSD."""

    def test_siocinq(self):
        client, server = self.pair()
        self.assertEqual(ioctl_int(server, SIOCINQ), 0)
        client.sendall(b"hello")
        self.await_input(server, 5)
        client.sendall(b", world")
        self.await_input(server, 12)
        server.recv(3)
        self.assertEqual(ioctl_int(server, SIOCINQ), 9)
        server.recv(9)
        self.assertEqual(ioctl_int(server, SIOCINQ), 0)

    def test_siocinq_does_not_count_the_end(self):
        client, server = self.pair()
        client.sendall(b"hello")
        client.close()
        self.await_events(server, "IN OUT RDHUP")
        self.assertEqual(ioctl_int(server, SIOCINQ), 5)

    def test_siocinq_after_the_end(self):
        client, server = self.pair()
        client.close()
        self.await_events(server, "IN OUT RDHUP")
        self.assertEqual(ioctl_int(server, SIOCINQ), 0)

    def test_siocoutq_empties(self):
        client, _ = self.pair()
        client.sendall(bytes(10000))
        for request in (SIOCOUTQ, SIOCOUTQNSD):
            self.eventually(lambda r=request: ioctl_int(client, r), 0)

    def test_siocoutq_is_what_the_peer_has_not_acknowledged(self):
        client, server = self.small_pair()
        count = fill(client)
        self.assertGreater(ioctl_int(client, SIOCOUTQ), 0)
        self.eventually(lambda: ioctl_int(client, SIOCOUTQ) + ioctl_int(server, SIOCINQ), count)
        recv_exactly(server, count)
        self.eventually(lambda: ioctl_int(client, SIOCOUTQ), 0)

    @unittest.skipIf(PROTO == 6, "the kernel's TCP counts it")
    def test_siocoutq_does_not_count_the_end(self):
        client, server = self.small_pair()
        fill(client)
        queued = [ioctl_int(client, request) for request in (SIOCOUTQ, SIOCOUTQNSD)]
        self.assertGreater(min(queued), 0)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual([ioctl_int(client, request) for request in (SIOCOUTQ, SIOCOUTQNSD)], queued)
        recv_all(server)
        self.eventually(lambda: ioctl_int(client, SIOCOUTQ), 0)

    def test_siocoutqnsd_is_what_was_not_sent(self):
        client, server = self.small_pair()
        count = fill(client)
        self.assertGreater(ioctl_int(client, SIOCOUTQNSD), 0)
        self.assertLessEqual(ioctl_int(client, SIOCOUTQNSD), ioctl_int(client, SIOCOUTQ))
        recv_exactly(server, count)
        self.eventually(lambda: ioctl_int(client, SIOCOUTQNSD), 0)

    def test_fresh(self):
        for request in (SIOCINQ, SIOCOUTQ, SIOCOUTQNSD):
            self.assertEqual(ioctl_int(self.socket(), request), 0)

    def test_listener(self):
        listener = self.listener()
        for request in (SIOCINQ, SIOCOUTQ, SIOCOUTQNSD):
            with self.raises(errno.EINVAL):
                ioctl_int(listener, request)

    def test_unknown_ioctl(self):
        with self.raises(errno.ENOTTY):
            ioctl_int(self.socket(), 0x5555)


class Buffers(SocketTest):
    """SO_SNDBUF and SO_RCVBUF."""

    def test_getsockopt_gives_twice_the_value(self):
        sock = self.socket()
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, 40000)
            self.assertEqual(sock.getsockopt(socket.SOL_SOCKET, option), 80000)

    def test_there_is_a_minimum(self):
        sock = self.socket()
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, 1)
            self.assertGreater(sock.getsockopt(socket.SOL_SOCKET, option), 1000)

    def test_there_is_a_maximum(self):
        sock = self.socket()
        for option, knob in ((socket.SO_SNDBUF, "wmem_max"), (socket.SO_RCVBUF, "rmem_max")):
            with open("/proc/sys/net/core/" + knob, encoding="ascii") as file:
                limit = int(file.read())
            sock.setsockopt(socket.SOL_SOCKET, option, 0x3fffffff)
            self.assertEqual(sock.getsockopt(socket.SOL_SOCKET, option), 2 * limit)

    def capacity(self, sndbuf, rcvbuf):
        """How much a connection holds that nobody reads."""
        listener = self.listener()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        client = self.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sndbuf)
        client.connect(listener.getsockname())
        self.accept(listener)
        return fill(client)

    def test_they_limit_what_a_connection_holds(self):
        small = self.capacity(10000, 10000)
        self.assertLess(small, self.capacity(100000, 10000))
        self.assertLess(small, self.capacity(10000, 100000))
        self.assertLess(small, 200000)

    def test_tiny_buffers_work(self):
        listener = self.listener()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        client = self.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        client.connect(listener.getsockname())
        data = random.Random(6).randbytes(100000)
        task = Task(client.sendall, data)
        self.assertEqual(recv_exactly(self.accept(listener), len(data)), data)
        task.result()

    def test_poll_says_out_only_when_there_is_room(self):
        client, server = self.small_pair()
        count = fill(client)
        self.assertEqual(events(client, select.POLLOUT, A_WHILE), "")
        recv_exactly(server, count)
        self.await_events(client, "OUT")


if __name__ == "__main__":
    unittest.main()
