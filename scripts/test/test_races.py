"""What several CPUs do to one socket at once. With one CPU these tests prove little; the kernel's log judges."""
import errno
import os
import random
import shutil
import socket
import subprocess
import threading
import time
import unittest

from xtcp_sockets import (LOCALHOST, PROTO, SOL_TCP, Child, SocketTest, loopback_up, recv_exactly, reset, set_linger,
                          unshare_network)

SECONDS = 2 if os.environ.get("XTCP_TEST_SIZE") == "small" else 8
TCP_FASTOPEN, MSG_FASTOPEN = 23, 0x20000000
SOL_XTCP, WIRE_PROTOCOL = 253, 9
# What calls may meet when the other side does as it likes; no errno: Python's own timeout
EXPECTED = {None, errno.ECONNRESET, errno.ECONNREFUSED, errno.EPIPE, errno.EAGAIN, errno.ETIMEDOUT, errno.ENOTCONN,
            errno.EADDRNOTAVAIL, errno.EADDRINUSE, errno.ECONNABORTED, errno.EINPROGRESS}


class Timers(SocketTest):
    """Timers come due while the user owns the socket, is copying, sets them again and stops them."""

    def setUp(self):
        if PROTO != 253:
            self.skipTest("the knobs are xtcp's")
        super().setUp()
        self.sysctl("net/xtcp/delack_ms", 1)
        self.sysctl("net/xtcp/rto_min_ms", 1)
        self.end = time.monotonic() + SECONDS

    def talk(self, size):
        """One connection after the other: each sends and reads small pieces both ways, then goes."""
        listener = self.listener()
        block = bytes(size)
        while time.monotonic() < self.end:
            client, server = self.pair(listener)
            for _ in range(200):
                client.send(block)
                recv_exactly(server, size // 2)
                server.send(block[:7])
                recv_exactly(server, size - size // 2)
                recv_exactly(client, 7)
            client.close()
            server.close()

    def stream(self):
        """One way as fast as it goes, read in large pieces: ACKs, window updates and delayed ACKs cross."""
        client, server = self.pair()

        def send():
            block = bytes(100000)
            while time.monotonic() < self.end:
                client.sendall(block)
            client.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        while server.recv(1 << 17):
            pass
        sender.join()

    def test_many_at_once(self):
        children = [self.child(lambda size=size: self.talk(size)) for size in (10, 3000, 20000)]
        children += [self.child(self.stream) for _ in range(2)]
        for child in children:
            child.result()


class Races(SocketTest):
    """What meets at the worst moment: a few seconds each, from eight threads. The kernel's log judges, and rmmod."""

    THREADS = 8

    def setUp(self):
        super().setUp()
        self.end = time.monotonic() + SECONDS / 2

    def until_the_end(self, *functions):
        """Each function over and over in a process of its own; errors of the network are what is expected."""
        def loop(function):
            while time.monotonic() < self.end:
                try:
                    function()
                except OSError as error:
                    if error.errno not in EXPECTED:
                        raise
        children = [self.child(lambda f=f: loop(f)) for f in functions]
        for child in children:
            child.result()

    @staticmethod
    def fresh():
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, PROTO)
        sock.settimeout(1)
        return sock

    def connect(self, address):
        sock = self.fresh()
        try:
            sock.connect(address)
        except OSError:
            sock.close()
            raise
        return sock

    @staticmethod
    def serve(listener, end):
        """Accept one and let it go in this way."""
        def once():
            listener.settimeout(0.2)
            with listener.accept()[0] as sock:
                end(sock)
        return once

    @staticmethod
    def look(sock):
        sock.recv(1, socket.MSG_DONTWAIT)

    def test_connect_and_close_from_eight_threads(self):
        listener = self.listener(backlog=16)
        address = listener.getsockname()

        def storm():
            with self.connect(address) as sock:
                sock.send(b"x")
        self.until_the_end(*[storm] * self.THREADS, *[self.serve(listener, self.look)] * 2)

    def test_accept_against_reset(self):
        """The client resets what waits to be accepted."""
        listener = self.listener(backlog=16)
        address = listener.getsockname()

        def storm():
            reset(self.connect(address))
        self.until_the_end(*[storm] * 4, *[self.serve(listener, self.look)] * 4)

    def test_close_against_segments(self):
        """The reader goes while the text of the other arrives."""
        listener = self.listener(backlog=16)
        address = listener.getsockname()

        def storm():
            with self.connect(address) as sock:
                while True:
                    sock.send(bytes(5000))

        def read_some_and_go(sock):
            sock.recv(3000)
            if sock.fileno() % 2:
                set_linger(sock, 1, 0)
        self.until_the_end(*[storm] * 4, *[self.serve(listener, read_some_and_go)] * 4)

    def close_listeners(self, fresh):
        with fresh() as sock:
            sock.bind((LOCALHOST, 0))
            address = sock.getsockname()

        def listen():
            with fresh() as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind(address)
                sock.listen(4)
                time.sleep(0.005)  # for the queues to fill; not for anything to be over

        def storm():
            with fresh() as sock:
                sock.connect(address)
        self.until_the_end(listen, *[storm] * 7)

    def test_listener_closed_with_full_queues(self):
        self.close_listeners(self.fresh)

    def test_listener_closed_while_it_answers(self):
        """Its SYN-ACK is on its way on one CPU while the other frees it; by protocol 6 the SYN-ACK has an owner."""
        if PROTO != 253:
            self.skipTest("of xtcp only")
        self.sysctl("net/xtcp/syncookies", 2)

        def fresh():
            sock = self.fresh()
            sock.setsockopt(SOL_XTCP, WIRE_PROTOCOL, 6)
            return sock
        self.close_listeners(fresh)

    def test_knobs_written_under_load(self):
        if PROTO != 253:
            self.skipTest("the knobs are xtcp's")
        knobs = {"syncookies": (0, 1, 2), "timestamps": (0, 1), "window_scaling": (0, 1), "msl_ms": (100, 30000),
                 "delack_ms": (1, 40), "rto_min_ms": (1, 200), "max_syn_backlog": (1, 1024),
                 "synack_retries": (0, 5), "tw_reuse": (0, 1, 2), "abort_on_overflow": (0, 1)}
        for name in knobs:
            with open(f"/proc/sys/net/xtcp/{name}", encoding="ascii") as file:
                self.sysctl("net/xtcp/" + name, file.read().strip())
        listener = self.listener(backlog=4)
        address = listener.getsockname()
        dice = random.Random(253)

        def write():
            name = dice.choice(list(knobs))
            self.write_file("/proc/sys/net/xtcp/" + name, dice.choice(knobs[name]))

        def talk():
            with self.connect(address) as sock:
                sock.send(b"x")
                sock.recv(1)
        self.until_the_end(write, *[talk] * 5, *[self.serve(listener, lambda sock: sock.send(b"y"))] * 2)

    def test_fast_open(self):
        """Text in SYNs, answers and resets before handshakes are complete, and listeners that go meanwhile."""
        if PROTO == 253:
            self.sysctl("net/xtcp/fastopen", 0x607)  # without cookies
            self.sysctl("net/xtcp/fastopen_reset_hold_ms", 0)
            self.sysctl("net/xtcp/fastopen_blackhole_ms", 0)
        with self.fresh() as sock:
            sock.bind((LOCALHOST, 0))
            address = sock.getsockname()

        def fast(end):
            def once():
                with self.fresh() as sock:
                    sock.sendto(b"question", MSG_FASTOPEN, address)
                    end(sock)
            return once

        def serve():
            with self.fresh() as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.setsockopt(SOL_TCP, TCP_FASTOPEN, 8)
                listener.bind(address)
                listener.listen(8)
                for _ in range(20):
                    with listener.accept()[0] as sock:
                        sock.sendall(b"answer")
                        if sock.fileno() % 2:
                            sock.recv(8)
        self.until_the_end(serve, *[fast(reset)] * 2, *[fast(self.look)] * 2, *[fast(lambda sock: sock.recv(6))] * 3)

    def test_namespaces_made_and_deleted(self):
        """With connections open, closing and in TIME_WAIT in them."""
        def live_and_die():
            def inside():
                unshare_network()
                loopback_up()
                listener = self.listener()
                for how in (lambda sock: None, reset, lambda sock: sock.shutdown(socket.SHUT_WR)):
                    client, server = self.pair(listener)
                    client.send(bytes(1000))
                    how(server)
            Child(inside).result()
        self.until_the_end(*[live_and_die] * 4)

    def test_rmmod_under_load(self):
        """Sockets hold the module: rmmod is refused, over and over, and does no harm."""
        if PROTO != 253 or not shutil.which("rmmod"):
            self.skipTest("of the module only")
        listener = self.listener()
        address = listener.getsockname()

        def talk():
            with self.connect(address) as sock:
                sock.send(b"x")

        def remove():
            done = subprocess.run(["rmmod", "xtcp"], capture_output=True, text=True, check=False)
            self.assertNotEqual(done.returncode, 0, "rmmod with sockets open")
            self.assertIn("in use", done.stderr)
        self.until_the_end(remove, *[talk] * 4, *[self.serve(listener, lambda sock: sock.recv(1))] * 2)
        self.assert_talking(*self.pair())


if __name__ == "__main__":
    unittest.main()
