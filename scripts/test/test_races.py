"""What several CPUs do to one socket at once. With one CPU these tests prove little; the kernel's log judges."""
import socket
import threading
import time
import unittest

from xtcp_sockets import PROTO, SocketTest, recv_exactly

SECONDS = 8


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


if __name__ == "__main__":
    unittest.main()
