"""Many connections, many threads, many owners."""
import errno
import hashlib
import os
import random
import resource
import selectors
import socket
import threading
import unittest

from xtcp_sockets import PATIENCE, SocketTest, Task, error_of, recv_all, recv_exactly, reset


def echo(sock):
    """Send back what comes, until it ends."""
    while chunk := sock.recv(65536):
        sock.sendall(chunk)
    sock.close()


class Connections(SocketTest):
    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < 1024:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, hard), hard))
            self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def test_200_at_once(self):
        listener = self.listener(backlog=200)
        pairs = [self.pair(listener) for _ in range(200)]
        for i, (client, _) in enumerate(pairs):
            client.sendall(b"number %d" % i)
        for _, server in pairs:
            server.sendall(server.recv(100))
        for i, (client, _) in enumerate(pairs):
            self.assertEqual(client.recv(100), b"number %d" % i)

    def test_200_connect_at_the_same_time(self):
        listener = self.listener(backlog=200)
        clients = [self.nonblocking(listener.getsockname()) for _ in range(200)]
        peers = {self.accept(listener).getpeername() for _ in clients}
        self.assertEqual(peers, {client.getsockname() for client in clients})
        for client in clients:
            self.await_events(client, "OUT")
            self.assertEqual(error_of(client), 0)

    def test_200_with_one_selector(self):
        """An echo server for all of them in one thread, with much data in each."""
        listener = self.listener(backlog=200)
        clients = [self.connected(listener) for _ in range(200)]
        servers = [self.accept(listener) for _ in clients]
        server = Task(self.serve_all, servers)
        for i, client in enumerate(clients):
            client.sendall(bytes([i]) * 20000)
            client.shutdown(socket.SHUT_WR)
        for i, client in enumerate(clients):
            self.assertEqual(recv_all(client), bytes([i]) * 20000)
        server.result()

    @staticmethod
    def serve_all(servers):
        with selectors.DefaultSelector() as selector:
            for server in servers:
                selector.register(server, selectors.EVENT_READ)
            while selector.get_map():
                for key, _ in selector.select(PATIENCE):
                    data = key.fileobj.recv(65536)
                    key.fileobj.sendall(data)
                    if not data:
                        selector.unregister(key.fileobj)
                        key.fileobj.close()

    def test_one_after_the_other(self):
        listener = self.listener()
        for i in range(300):
            client, server = self.pair(listener)
            client.sendall(b"%d" % i)
            self.assertEqual(server.recv(100), b"%d" % i)
            client.close()
            self.assertEqual(server.recv(1), b"")
            server.close()

    def test_listeners(self):
        listeners = [self.listener() for _ in range(100)]
        ports = {listener.getsockname()[1] for listener in listeners}
        self.assertEqual(len(ports), 100)
        for listener in listeners:
            client, server = self.pair(listener)
            self.assertEqual(server.getsockname(), listener.getsockname())
            client.close()

    def test_overflow_of_the_accept_queue(self):
        listener = self.listener(backlog=2)
        clients = [self.nonblocking(listener.getsockname()) for _ in range(40)]
        for client in clients[::2]:
            client.close()
        for client in clients[1::2]:
            reset(client)
        client = self.nonblocking(listener.getsockname())
        server = self.accept_from(listener, client.getsockname())
        client.setblocking(True)
        self.assert_talking(client, server)

    def accept_from(self, listener, wanted):
        """Accept until this client comes; the others may be dead or alive."""
        while True:
            server, address = listener.accept()
            self.keep(server)
            if address == wanted:
                return server


class Threads(SocketTest):
    def test_four_accept(self):
        listener = self.listener()
        tasks = [Task(self.serve_some, listener) for _ in range(4)]
        for i in range(60):
            client = self.connected(listener)
            client.sendall(b"%d" % i)
            self.assertEqual(client.recv(100), b"%d" % i)
            client.close()
        listener.shutdown(socket.SHUT_RD)
        self.assertEqual(sum(task.result() for task in tasks), 60)

    @staticmethod
    def serve_some(listener):
        count = 0
        while True:
            try:
                server, _ = listener.accept()
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                return count
            echo(server)
            count += 1

    def test_four_connect(self):
        listener = self.listener()
        server = Task(self.serve_some, listener)
        tasks = [Task(self.talk_often, listener.getsockname()) for _ in range(4)]
        for task in tasks:
            task.result()
        listener.shutdown(socket.SHUT_RD)
        self.assertEqual(server.result(), 60)

    def talk_often(self, address):
        for i in range(15):
            client = self.socket()
            client.connect(address)
            client.sendall(b"%d" % i)
            self.assertEqual(client.recv(100), b"%d" % i)
            client.close()

    def test_two_read_one_socket(self):
        client, server = self.pair()
        data = random.Random(1).randbytes(1000000)
        readers = [Task(self.read_chunks, server, size) for size in (700, 5000)]
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        self.assertTrue(is_merge(data, *[reader.result() for reader in readers]))

    @staticmethod
    def read_chunks(sock, size):
        return list(iter(lambda: sock.recv(size), b""))

    def test_two_write_one_socket(self):
        """Each write of less than a segment arrives in one piece."""
        client, server = self.pair()
        tasks = [Task(self.write_records, client, letter) for letter in (b"a", b"b")]
        data = recv_exactly(server, 2 * 2000 * 100)
        records = [data[i:i + 100] for i in range(0, len(data), 100)]
        self.assertEqual(sorted(set(records)), [b"a" * 100, b"b" * 100])
        self.assertEqual(records.count(b"a" * 100), 2000)
        for task in tasks:
            task.result()

    @staticmethod
    def write_records(sock, letter):
        for _ in range(2000):
            sock.sendall(letter * 100)

    def test_reader_and_writer_of_one_socket(self):
        client, server = self.pair()
        echoing = Task(echo, server)
        data = random.Random(2).randbytes(2000000)
        writer = Task(client.sendall, data)
        self.assertEqual(recv_exactly(client, len(data)), data)
        writer.result()
        client.close()
        echoing.result()

    def test_shutdown_while_another_reads(self):
        for _ in range(20):
            client, _ = self.pair()
            task = Task(client.recv, 100)
            client.shutdown(socket.SHUT_RDWR)
            self.assertEqual(task.result(), b"")
            client.close()

    def test_close_does_not_wake_another_who_reads(self):
        client, server = self.pair()
        task = Task(client.recv, 100)
        self.assert_blocked(task)
        client.close()
        self.assert_blocked(task)
        server.sendall(b"still here")
        self.assertEqual(task.result(), b"still here")

    def test_options_while_data_flows(self):
        client, server = self.pair()
        data = random.Random(3).randbytes(3000000)
        writer = Task(client.sendall, data)
        done = threading.Event()
        turner = Task(self.turn_knobs, client, done)
        self.assertEqual(hashlib.sha256(recv_exactly(server, len(data))).digest(), hashlib.sha256(data).digest())
        done.set()
        turner.result()
        writer.result()

    @staticmethod
    def turn_knobs(sock, done):
        value = 0
        while not done.wait(0.001):
            value ^= 1
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, value)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, value)
            sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 200)
            sock.getsockname()


def is_merge(data, one, other):
    """True if the chunks of the two lists, each list in its order, can be put together to the data."""
    states = {(0, 0): 0}
    while states:
        following = {}
        for (i, j), offset in states.items():
            if (i, j) == (len(one), len(other)):
                return offset == len(data)
            if i < len(one) and data.startswith(one[i], offset):
                following[i + 1, j] = offset + len(one[i])
            if j < len(other) and data.startswith(other[j], offset):
                following[i, j + 1] = offset + len(other[j])
        states = following
    return False


class Processes(SocketTest):
    def test_children_accept_from_one_listener(self):
        listener = self.listener()
        children = [self.child(lambda: self.serve(listener)) for _ in range(3)]
        clients = [self.connected(listener) for _ in children]
        for i, client in enumerate(clients):
            client.sendall(b"%d" % i)
            self.assertEqual(client.recv(100), b"%d" % i)
            client.close()
        for child in children:
            child.result()

    def serve(self, listener):
        echo(self.accept(listener))

    def test_child_with_many_connections_is_killed(self):
        listener = self.listener()

        def connect():
            clients = [self.connected(listener) for _ in range(50)]
            os.write(writer, b"x")
            clients[0].recv(1)
        reader, writer = os.pipe()
        for end in (reader, writer):
            self.addCleanup(os.close, end)
        child = self.child(connect)
        servers = [self.accept(listener) for _ in range(50)]
        os.read(reader, 1)
        child.kill()
        for server in servers:
            self.assertEqual(server.recv(1), b"")


class Passing(SocketTest):
    """A connected socket through an AF_UNIX socket."""

    def unix_pair(self):
        ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        for end in ends:
            self.addCleanup(end.close)
        return ends

    def receive(self, unix):
        _, fds, _, _ = socket.recv_fds(unix, 1, 1)
        return self.keep(socket.socket(fileno=fds[0]))

    def test_to_another_process(self):
        here, there = self.unix_pair()
        client, server = self.pair()

        def work():
            here.close()
            server.close()  # the copy it was born with
            self.receive(there).sendall(b"from the child")
        child = self.child(work)
        socket.send_fds(here, [b"x"], [server.fileno()])
        server.close()
        self.assertEqual(recv_all(client), b"from the child")
        child.result()

    def test_sender_can_close_at_once(self):
        here, there = self.unix_pair()
        client, server = self.pair()
        socket.send_fds(here, [b"x"], [server.fileno()])
        server.close()
        client.sendall(b"while it is under way")
        self.assert_talking_after(client, self.receive(there))

    def assert_talking_after(self, client, server):
        self.assertEqual(server.recv(100), b"while it is under way")
        self.assert_talking(client, server)

    def test_lost_under_way_means_end(self):
        here, there = self.unix_pair()
        client, server = self.pair()
        socket.send_fds(here, [b"x"], [server.fileno()])
        server.close()
        here.close()
        there.close()
        self.assertEqual(client.recv(1), b"")

    def test_listener(self):
        here, there = self.unix_pair()
        listener = self.listener()
        address = listener.getsockname()
        socket.send_fds(here, [b"x"], [listener.fileno()])
        listener.close()
        client = self.socket()
        client.connect(address)
        self.assert_talking(client, self.accept(self.receive(there)))


if __name__ == "__main__":
    unittest.main()
