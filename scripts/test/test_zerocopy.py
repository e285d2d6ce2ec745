"""MSG_ZEROCOPY: the process's own pages are sent, and it is told on the error queue when they are its own again."""
import errno
import hashlib
import mmap
import os
import resource
import select
import socket
import struct
import tempfile
import unittest

from two_hosts import TwoHosts
from xtcp_sockets import (A_WHILE, KERNEL, PROTO, SOL_TCP, SocketTest, Task, disconnect, error_of, events, recv_all,
                          recv_exactly, reset)

SO_ZEROCOPY, MSG_ZEROCOPY = 60, 0x4000000
IP_RECVERR, IPV6_RECVERR = 11, 25
SO_EE_ORIGIN_ZEROCOPY, COPIED = 5, 1
TCP_FASTOPEN_NO_COOKIE = 34
SO_MEMINFO, WMEM_QUEUED = 55, 5
PAGE = 4096
MIB = 1 << 20
PROT_NONE = 0
SIZE = 8 * MIB
MUST_COPY = "the socket layer keeps SO_ZEROCOPY for protocols that it knows"
CANNOT = PROTO != 6 and KERNEL < (6, 6)


def notification(sock):
    """The next that the socket is told: (first call, last call, copied); None: nothing."""
    try:
        data, ancillary, flags, _ = sock.recvmsg(100, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    assert data == b"" and flags & socket.MSG_ERRQUEUE
    level, name, value = ancillary[0]
    assert (level, name) in ((socket.SOL_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR))
    error, origin, _, code, _, first, last = struct.unpack_from("=IBBBBII", value)
    assert (error, origin) == (0, SO_EE_ORIGIN_ZEROCOPY)
    return first, last, bool(code & COPIED)


def write_queue(sock):
    """What is charged for text not yet acknowledged, octets."""
    return struct.unpack("9I", sock.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36))[WMEM_QUEUED]


class Text:
    """Octets in memory of their own, that any part of can be sent from, and overwritten."""

    def __init__(self, size):
        self.memory = mmap.mmap(-1, size)
        self.memory[:] = os.urandom(size)
        self.view = memoryview(self.memory)

    def digest(self):
        return hashlib.sha256(self.memory).digest()


class ZerocopyTest(SocketTest):
    def asking(self, sock):
        sock.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1)
        return sock

    def asking_pair(self):
        client, server = self.pair()
        return self.asking(client), server

    def await_notifications(self, sock, calls):
        """Wait until so many calls were told of, each once; gives whether any was copied."""
        seen, copied = set(), False
        while len(seen) < calls:
            self.eventually(lambda: "ERR" in events(sock))
            first, last, this = notification(sock)
            self.assertFalse(seen & set(range(first, last + 1)))
            seen |= set(range(first, last + 1))
            copied |= this
        self.assertEqual(seen, set(range(calls)))
        self.assertIsNone(notification(sock))
        return copied

    @staticmethod
    def send_all(sock, text, step=MIB):
        """Gives the number of calls that it took."""
        done = calls = 0
        while done < len(text.view):
            done += sock.send(text.view[done:done + step], MSG_ZEROCOPY)
            calls += 1
        return calls

    def transfer(self, sender, receiver, step=MIB, size=SIZE):
        text = Text(size)
        task = Task(recv_exactly, receiver, size)
        calls = self.send_all(sender, text, step)
        self.assertEqual(hashlib.sha256(task.result()).digest(), text.digest())
        return self.await_notifications(sender, calls)


@unittest.skipIf(CANNOT, MUST_COPY)
class Option(ZerocopyTest):
    def get(self, sock):
        return sock.getsockopt(socket.SOL_SOCKET, SO_ZEROCOPY)

    def test_values(self):
        for family in (socket.AF_INET, socket.AF_INET6):
            with self.subTest(family.name):
                sock = self.keep(socket.socket(family, socket.SOCK_STREAM, PROTO))
                self.assertEqual(self.get(sock), 0)
                for value in 1, 0, 1:
                    sock.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, value)
                    self.assertEqual(self.get(sock), value)
                for value in 2, -1, struct.pack("b", 1), b"":
                    with self.raises(errno.EINVAL):
                        sock.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, value)
                self.assertEqual(self.get(sock), 1)
                sock.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, struct.pack("iq", 0, -1))
                self.assertEqual(self.get(sock), 0)

    def test_accepted(self):
        """It is inherited, and can be set."""
        listener = self.asking(self.listener())
        client, server = self.pair(listener)
        self.assertEqual((self.get(client), self.get(server)), (0, 1))
        server.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 0)
        self.assertEqual(self.get(server), 0)

    def test_others_of_the_socket_layer(self):
        """They are its own affair, in what is accepted as well."""
        for sock in self.pair():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self.assertEqual(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 7)
            self.assertEqual(sock.getsockopt(socket.SOL_SOCKET, socket.SO_MARK), 7)
            with self.raises(errno.ENOPROTOOPT):
                sock.setsockopt(socket.SOL_SOCKET, 9999, 1)
            with self.raises(errno.ENODEV):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"nowhere")
            with self.raises(errno.EINVAL):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, b"")


@unittest.skipUnless(CANNOT, "SO_ZEROCOPY is there")
class Refused(ZerocopyTest):
    def test_not_for_us(self):
        client, server = self.pair()
        with self.raises(errno.EOPNOTSUPP):
            client.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1)
        self.assertEqual(client.send(b"hello", MSG_ZEROCOPY), 5)
        self.assertEqual(recv_exactly(server, 5), b"hello")
        self.assertIsNone(notification(client))


@unittest.skipIf(CANNOT, MUST_COPY)
class Loopback(ZerocopyTest):
    """What goes to a socket of this machine is copied on its way, and that is told."""

    def test_not_asked_for(self):
        client, server = self.pair()
        self.assertEqual(client.send(b"hello", MSG_ZEROCOPY), 5)
        self.assertEqual(recv_exactly(server, 5), b"hello")
        self.assertIsNone(notification(client))
        self.asking(client)
        self.assertEqual(client.send(b"hello"), 5)
        self.assertEqual(recv_exactly(server, 5), b"hello")
        self.assertIsNone(notification(client))

    def test_much(self):
        for step in MIB, 65536, 30011:
            with self.subTest(step):
                self.assertTrue(self.transfer(*self.asking_pair(), step))

    def test_small_pieces(self):
        client, server = self.asking_pair()
        self.assertTrue(self.transfer(client, server, 100, 100000))

    def test_ipv6(self):
        listener = self.keep(socket.socket(socket.AF_INET6, socket.SOCK_STREAM, PROTO))
        listener.bind(("::1", 0))
        listener.listen()
        client = self.keep(socket.socket(socket.AF_INET6, socket.SOCK_STREAM, PROTO))
        client.connect(listener.getsockname())
        self.assertTrue(self.transfer(self.asking(client), self.accept(listener)))

    def test_what_is_read_is_what_was_sent(self):
        """Unread text is no longer the sender's memory."""
        client, server = self.asking_pair()
        text = Text(50000)
        digest = text.digest()
        self.send_all(client, text, 50000)
        self.await_notifications(client, 1)
        text.memory[:] = bytes(50000)
        self.assertEqual(hashlib.sha256(recv_exactly(server, 50000)).digest(), digest)

    def test_mixed_with_copies_and_pages(self):
        """One stream of three ways to send, each in turn."""
        client, server = self.asking_pair()
        text, calls, done = Text(MIB), 0, 0
        with tempfile.TemporaryFile() as file:
            file.write(text.view)
            file.flush()
            task = Task(recv_exactly, server, MIB)
            while done < MIB:
                done += client.send(text.view[done:done + 7001], socket.MSG_MORE)
                if done < MIB:
                    done += client.send(text.view[done:done + 9001], MSG_ZEROCOPY)
                    calls += 1
                if done < MIB:
                    done += os.sendfile(client.fileno(), file.fileno(), done, min(5003, MIB - done))
        client.send(b"")
        client.setsockopt(SOL_TCP, socket.TCP_NODELAY, 1)
        self.assertEqual(hashlib.sha256(task.result()).digest(), text.digest())
        self.await_notifications(client, calls)

    def test_poll(self):
        """A notification is an error to poll() and epoll, none to SO_ERROR."""
        client, server = self.asking_pair()
        epoll = select.epoll()
        self.addCleanup(epoll.close)
        epoll.register(client, select.EPOLLET)
        client.send(b"hello", MSG_ZEROCOPY)
        self.assertEqual(epoll.poll(30), [(client.fileno(), select.EPOLLERR)])
        self.assertIn("ERR", events(client))
        self.assertEqual(error_of(client), 0)
        self.assertEqual(notification(client)[:2], (0, 0))
        self.assertNotIn("ERR", events(client))
        self.assertEqual(recv_exactly(server, 5), b"hello")

    def test_bad_memory(self):
        """Where nothing can be read; the call has no number."""
        client, server = self.asking_pair()
        with self.raises(errno.EFAULT):
            client.send(mmap.mmap(-1, PAGE, prot=PROT_NONE), MSG_ZEROCOPY)
        self.assertIsNone(notification(client))
        self.assertEqual(client.send(b"hello", MSG_ZEROCOPY), 5)
        self.assertEqual(recv_exactly(server, 5), b"hello")
        self.await_notifications(client, 1)

    def test_bad_memory_behind_good(self):
        """What a call that failed took is given back, also where there is text to put it behind."""
        client, server = self.asking_pair()
        good, bad = mmap.mmap(-1, 2 * PAGE), mmap.mmap(-1, PAGE, prot=PROT_NONE)
        client.send(b"hello", socket.MSG_MORE)
        queued = write_queue(client)
        for _ in range(100):
            with self.raises(errno.EFAULT):
                client.sendmsg([good, bad], [], MSG_ZEROCOPY | socket.MSG_MORE)
        self.assertEqual(write_queue(client), queued)
        self.assertEqual(client.send(b", world", MSG_ZEROCOPY), 7)
        self.assertEqual(recv_exactly(server, 12), b"hello, world")
        self.await_notifications(client, 1)

    def test_locked_memory_is_limited(self):
        """RLIMIT_MEMLOCK, for those without CAP_IPC_LOCK."""
        def run():
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (64 * 1024, 64 * 1024))
            client, server = self.asking_pair()
            text = Text(MIB)
            with self.raises(errno.ENOBUFS):
                client.send(text.view, MSG_ZEROCOPY)
            self.assertEqual(client.send(text.view[:8000], MSG_ZEROCOPY), 8000)
            self.assertEqual(recv_exactly(server, 8000), bytes(text.view[:8000]))
            self.await_notifications(client, 1)
        self.as_nobody(run)

    def test_notifications_are_limited(self):
        """net.core.optmem_max: what is to be told takes memory, until it is read."""
        self.sysctl("net/core/optmem_max", 2000)
        client, server = self.asking_pair()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        text, calls = Text(20 * MIB), 0
        client.setblocking(False)
        with self.raises(errno.ENOBUFS, errno.EAGAIN):
            while calls < 40:
                client.send(text.view[calls * 524289:(calls + 1) * 524289], MSG_ZEROCOPY)
                calls += 1
        self.assertGreater(calls, 0)

    @unittest.skipIf(PROTO == 6, "the kernel's TCP has two calls of one number then")
    def test_waited_in_vain(self):
        """A call that waited and failed has no number, though another one began to wait behind it."""
        client, server = self.asking_pair()
        client.setblocking(False)
        filled = 0
        with self.raises(errno.EAGAIN):
            while True:
                filled += client.send(bytes(65536))
        client.setblocking(True)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 10, 0))
        fails = Task(client.send, bytes(1000), MSG_ZEROCOPY)
        self.assertFalse(fails.ends_within(A_WHILE))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 0))
        goes = Task(client.send, bytes(1000), MSG_ZEROCOPY)
        with self.raises(errno.EAGAIN):
            fails.result()
        self.assertFalse(goes.ends_within(A_WHILE))
        recv_exactly(server, filled + 1000)
        self.assertEqual(goes.result(), 1000)
        self.assertEqual(client.send(bytes(1000), MSG_ZEROCOPY), 1000)
        recv_exactly(server, 1000)
        self.await_notifications(client, 2)

    def test_shut_down(self):
        """A call that fails is not told of, and has no number."""
        client, server = self.asking_pair()
        client.send(b"hello", MSG_ZEROCOPY)
        client.shutdown(socket.SHUT_WR)
        with self.raises(errno.EPIPE):
            client.send(b"hello", MSG_ZEROCOPY)
        self.assertEqual(recv_all(server), b"hello")
        self.await_notifications(client, 1)

    def test_fast_open(self):
        """Text in a SYN is a copy; what tells of it waits for its acknowledgment all the same."""
        self.sysctl("net/ipv4/tcp_fastopen" if PROTO == 6 else "net/xtcp/fastopen", 3)
        listener = self.listener()
        listener.setsockopt(SOL_TCP, socket.TCP_FASTOPEN, 4)
        listener.setsockopt(SOL_TCP, TCP_FASTOPEN_NO_COOKIE, 1)
        client = self.asking(self.socket())
        client.setsockopt(SOL_TCP, TCP_FASTOPEN_NO_COOKIE, 1)
        text = Text(5000)
        self.assertEqual(client.sendto(text.view, socket.MSG_FASTOPEN | MSG_ZEROCOPY, listener.getsockname()), 5000)
        server = self.accept(listener)
        self.assertEqual(recv_exactly(server, 5000), bytes(text.view))
        self.await_notifications(client, 1)

    def test_closed_untold(self):
        """Nobody is told any more, and nothing is left behind."""
        for _ in range(20):
            client, server = self.asking_pair()
            client.setblocking(False)
            client.send(Text(200000).view, MSG_ZEROCOPY)
            reset(client)
            server.close()


@unittest.skipIf(CANNOT, MUST_COPY)
class Cable(ZerocopyTest):
    """From one host to another."""

    @classmethod
    def setUpClass(cls):
        cls.net = TwoHosts()
        cls.addClassCleanup(cls.net.remove)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.net.link)

    def across(self, family=socket.AF_INET):
        with self.net[1]:
            listener = self.keep(socket.socket(family, socket.SOCK_STREAM, PROTO))
        with self.net[0]:
            client = self.keep(socket.socket(family, socket.SOCK_STREAM, PROTO))
        listener.bind((self.net[1].address[family], 0))
        listener.listen()
        client.connect(listener.getsockname())
        return self.asking(client), self.accept(listener)

    def test_much(self):
        for word in "on", "off":
            self.net.offload(word)
            for family in socket.AF_INET, socket.AF_INET6:
                with self.subTest(f"{family.name} offload {word}"):
                    self.transfer(*self.across(family))
        self.net.offload("on")

    def test_losses(self):
        self.net.link("delay 5ms loss 3%")
        client, server = self.across()
        self.transfer(client, server, 65536, MIB)

    def test_not_before_the_acknowledgment(self):
        client, server = self.across()
        text = Text(20000)
        self.net.link("loss 100%")
        client.send(text.view, MSG_ZEROCOPY)
        self.assertNotIn("ERR", events(client, timeout=A_WHILE))
        self.assertIsNone(notification(client))
        self.net.link()
        self.assertEqual(recv_exactly(server, 20000), bytes(text.view))
        self.await_notifications(client, 1)

    def test_sent_again_from_where_it_lies(self):
        """Nothing is copied: what is written there before it is sent again is what arrives."""
        client, server = self.across()
        text = Text(1000)
        self.net.link("loss 100%")
        client.send(text.view, MSG_ZEROCOPY)
        text.memory[:] = b"y" * 1000
        self.net.link()
        self.assertEqual(recv_exactly(server, 1000), b"y" * 1000)

    def test_aborted(self):
        """What was thrown away before it came anywhere was not copied."""
        client, _ = self.across()
        self.net.link("loss 100%")
        calls = self.send_all(client, Text(40000), 10000)
        self.assertIsNone(notification(client))
        disconnect(client)
        self.assertFalse(self.await_notifications(client, calls))

    def test_device_that_does_not_sum(self):
        """A copy: the kernel's TCP leaves the sum to the kernel, in the end."""
        self.net.offload("off")
        self.addCleanup(self.net.offload, "on")
        client, server = self.across()
        self.assertTrue(self.transfer(client, server))


if __name__ == "__main__":
    unittest.main()
