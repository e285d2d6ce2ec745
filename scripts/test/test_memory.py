"""What sockets hold is bounded by their buffers, however little text a segment carries, and given back."""
import socket
import unittest

from xtcp_sockets import PROTO, SOL_TCP, SocketTest, fill, recv_exactly

PAGE = 4096
NAME = {253: "XTCP", 6: "TCP"}.get(PROTO, "?")
CACHED = 1024  # pages that CPUs may keep to themselves (1 MiB each), and that other sockets may hold


def pages():
    """Memory of all sockets of the protocol (column memory of /proc/net/protocols)."""
    with open("/proc/net/protocols", encoding="ascii") as lines:
        for line in lines:
            if line.split()[0] == NAME:
                return max(int(line.split()[3]), 0)
    raise AssertionError(f"no {NAME} in /proc/net/protocols")


def limit(*socks):
    """Pages that the buffers of these sockets allow; a buffer may be overdrawn by one segment."""
    size = 0
    for sock in socks:
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            size += sock.getsockopt(socket.SOL_SOCKET, option) + 65536
    return size // PAGE


class Bounded(SocketTest):
    def test_reader_who_does_not_read_single_octets(self):
        before = pages()
        client, server = self.pair()
        client.setsockopt(SOL_TCP, socket.TCP_NODELAY, 1)
        client.setblocking(False)
        sent = 0
        try:
            while sent < 40000:
                sent += client.send(bytes([sent % 251]))
        except BlockingIOError:
            pass
        self.assertLessEqual(pages() - before, limit(client, server) + CACHED)
        self.assertEqual(recv_exactly(server, sent), bytes(i % 251 for i in range(sent)))

    def test_40_senders_whose_peers_do_not_read(self):
        before = pages()
        listener = self.listener(backlog=40)
        pairs = [self.pair(listener) for _ in range(40)]
        for client, _ in pairs:
            fill(client)
        held = pages() - before
        self.assertGreater(held, 40)
        self.assertLessEqual(held, sum(limit(*pair) for pair in pairs) + CACHED)
        for client, server in pairs:
            client.close()
            server.close()
        self.eventually(lambda: pages() - before <= CACHED)


if __name__ == "__main__":
    unittest.main()
