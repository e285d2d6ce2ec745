"""bind(): ephemeral ports, errors, and who may share a port with whom."""
import ctypes
import errno
import os
import select
import socket
import struct
import unittest

from xtcp_sockets import (IP_BIND_ADDRESS_NO_PORT, IP_FREEBIND, IP_LOCAL_PORT_RANGE, KERNEL, LOCALHOST, PROTO,
                          SocketTest, events, libc, loopback_up, sockaddr, unshare_network)

RANGE = "net/ipv4/ip_local_port_range"
RESERVED = "net/ipv4/ip_local_reserved_ports"
FOREIGN = "198.51.100.77"  # documentation only (RFC 5737), so nobody's


class BindTest(SocketTest):
    def use_range(self, count):
        """Let the ephemeral ports be `count` free ones; gives them."""
        ports = self.free_ports(count)
        self.sysctl(RANGE, f"{ports[0]} {ports[-1]}")
        return ports

    def free_ports(self, count):
        """Ports in a row that nobody uses. The first is even, as the kernel likes its ranges."""
        for _ in range(1000):
            first = self.free_port(0) & ~1
            ports = range(first, first + count)
            try:
                for port in ports:
                    self.free_port(port)
                return ports
            except (OSError, OverflowError):
                pass
        return self.fail(f"found no {count} free ports in a row")

    @staticmethod
    def free_port(port):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, PROTO) as sock:
            sock.bind(("0.0.0.0", port))
            return sock.getsockname()[1]


class Ephemeral(BindTest):
    def test_bind_stays_in_the_range(self):
        ports = self.use_range(20)
        got = {self.bound().getsockname()[1] for _ in range(10)}
        self.assertLessEqual(got, set(ports))
        self.assertEqual(len(got), 10)

    def test_bind_finds_the_last_free_port(self):
        ports = self.use_range(6)
        self.assertEqual({self.bound().getsockname()[1] for _ in ports}, set(ports))

    def test_bind_range_exhausted(self):
        for _ in self.use_range(4):
            self.bound()
        with self.raises(errno.EADDRINUSE):
            self.bound()

    def test_bind_and_connect_begin_with_different_ports(self):
        """So that bind() leaves ports that connect() can share."""
        listener = self.listener()
        ports = self.use_range(20)
        bound = {(self.bound().getsockname()[1] - ports[0]) % 2 for _ in range(5)}
        connected = {(self.connected(listener).getsockname()[1] - ports[0]) % 2 for _ in range(5)}
        self.assertEqual((bound, connected), ({1}, {0}))

    def test_connect_stays_in_the_range(self):
        listener = self.listener()
        ports = self.use_range(20)
        got = {self.connected(listener).getsockname()[1] for _ in range(10)}
        self.assertLessEqual(got, set(ports))
        self.assertEqual(len(got), 10)

    def test_connect_range_exhausted(self):
        listener = self.listener()
        for _ in self.use_range(4):
            self.connected(listener)
        with self.raises(errno.EADDRNOTAVAIL):
            self.connected(listener)

    def test_connect_can_use_a_port_for_two_destinations(self):
        listeners = [self.listener() for _ in range(2)]
        ports = self.use_range(4)
        for listener in listeners:
            self.assertEqual({self.connected(listener).getsockname()[1] for _ in ports}, set(ports))

    def test_exhausted_range_recovers(self):
        ports = self.use_range(2)
        sockets = [self.bound() for _ in ports]
        port = sockets[0].getsockname()[1]
        sockets[0].close()
        self.assertEqual(self.bound().getsockname()[1], port)

    def test_listen_binds(self):
        ports = self.use_range(20)
        sock = self.socket()
        sock.listen()
        host, port = sock.getsockname()
        self.assertEqual(host, "0.0.0.0")
        self.assertIn(port, ports)

    def test_bind_avoids_reserved_ports(self):
        ports = self.use_range(10)
        self.sysctl(RESERVED, f"{ports[0]}-{ports[3]},{ports[6]}-{ports[9]}")
        self.assertEqual({self.bound().getsockname()[1] for _ in range(2)}, {ports[4], ports[5]})
        with self.raises(errno.EADDRINUSE):
            self.bound()

    def test_connect_avoids_reserved_ports(self):
        listener = self.listener()
        ports = self.use_range(10)
        self.sysctl(RESERVED, f"{ports[0]}-{ports[3]},{ports[6]}-{ports[9]}")
        self.assertEqual({self.connected(listener).getsockname()[1] for _ in range(2)}, {ports[4], ports[5]})
        with self.raises(errno.EADDRNOTAVAIL):
            self.connected(listener)

    def test_reserved_port_can_be_asked_for(self):
        port = self.free_ports(1)[0]
        self.sysctl(RESERVED, port)
        self.assertEqual(self.bound(port=port).getsockname(), (LOCALHOST, port))

    def with_own_range(self, first, last):
        sock = self.socket()
        try:
            sock.setsockopt(socket.SOL_IP, IP_LOCAL_PORT_RANGE, struct.pack("=I", last << 16 | first))
        except OSError as error:
            self.assertEqual(error.errno, errno.ENOPROTOOPT)
            self.skipTest("this kernel has no IP_LOCAL_PORT_RANGE")
        sock.bind((LOCALHOST, 0))
        return sock.getsockname()[1]

    def test_range_of_one_socket(self):
        ports = self.use_range(8)
        got = {self.with_own_range(ports[2], ports[5]) for _ in range(4)}
        self.assertEqual(got, set(ports[2:6]))
        with self.raises(errno.EADDRINUSE):
            self.with_own_range(ports[2], ports[5])


class NoPort(BindTest):
    """IP_BIND_ADDRESS_NO_PORT: bind() fixes the address, connect() the port."""

    def address_only(self, host):
        sock = self.socket()
        sock.setsockopt(socket.SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((host, 0))
        return sock

    def test_bind_gives_no_port(self):
        sock = self.address_only("127.0.0.2")
        self.assertEqual(sock.getsockname(), ("127.0.0.2", 0))

    def test_connect_gives_a_port(self):
        sock = self.address_only("127.0.0.2")
        sock.connect(self.listener().getsockname())
        host, port = sock.getsockname()
        self.assertEqual(host, "127.0.0.2")
        self.assertNotEqual(port, 0)

    def test_listen_gives_a_port(self):
        sock = self.address_only("127.0.0.2")
        sock.listen()
        host, port = sock.getsockname()
        self.assertEqual(host, "127.0.0.2")
        self.assertNotEqual(port, 0)

    def test_a_port_asked_for_is_bound(self):
        port = self.free_ports(1)[0]
        sock = self.socket()
        sock.setsockopt(socket.SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((LOCALHOST, port))
        with self.raises(errno.EADDRINUSE):
            self.bound(port=port)


class Errors(BindTest):
    def raw_bind(self, data, sock=None):
        return libc("bind", (sock or self.socket()).fileno(), data, len(data))

    def test_foreign_address(self):
        with self.raises(errno.EADDRNOTAVAIL):
            self.bound(FOREIGN)

    def test_foreign_address_with_freebind(self):
        sock = self.socket()
        sock.setsockopt(socket.SOL_IP, IP_FREEBIND, 1)
        sock.bind((FOREIGN, 0))
        self.assertEqual(sock.getsockname()[0], FOREIGN)

    def test_twice(self):
        with self.raises(errno.EINVAL):
            self.bound().bind((LOCALHOST, 0))

    def test_listening(self):
        with self.raises(errno.EINVAL):
            self.listener().bind((LOCALHOST, 0))

    def test_connected(self):
        with self.raises(errno.EINVAL):
            self.pair()[0].bind((LOCALHOST, 0))

    def test_short_address(self):
        with self.raises(errno.EINVAL):
            self.raw_bind(sockaddr(LOCALHOST, 0)[:15])

    def test_other_family(self):
        with self.raises(errno.EAFNOSUPPORT):
            self.raw_bind(sockaddr(LOCALHOST, 0, socket.AF_INET6))

    def test_no_family_and_no_address_is_the_wildcard(self):
        sock = self.socket()
        self.raw_bind(sockaddr("0.0.0.0", 0, socket.AF_UNSPEC), sock)
        self.assertNotEqual(sock.getsockname()[1], 0)

    def test_no_family_but_an_address(self):
        with self.raises(errno.EAFNOSUPPORT):
            self.raw_bind(sockaddr(LOCALHOST, 0, socket.AF_UNSPEC))

    def test_failed_bind_leaves_the_socket_usable(self):
        sock = self.socket()
        with self.raises(errno.EADDRNOTAVAIL):
            sock.bind((FOREIGN, 0))
        sock.bind((LOCALHOST, 0))
        sock.listen()
        self.pair(sock)


class Privilege(BindTest):
    def setUp(self):
        super().setUp()
        self.sysctl("net/ipv4/ip_unprivileged_port_start", 1024)

    def test_low_port_as_root(self):
        for port in range(1023, 0, -1):
            try:
                sock = self.bound(port=port)
                break
            except OSError as error:
                self.assertEqual(error.errno, errno.EADDRINUSE)
        self.assertEqual(sock.getsockname(), (LOCALHOST, port))

    def test_low_port_as_nobody(self):
        def bind():
            for port in (1, 80, 1023):
                with self.raises(errno.EACCES):
                    self.bound(port=port)
        self.as_nobody(bind)

    def test_high_port_as_nobody(self):
        self.as_nobody(self.bound)

    def test_start_of_unprivileged_ports_is_a_knob(self):
        self.sysctl("net/ipv4/ip_unprivileged_port_start", 2000)

        def bind():
            with self.raises(errno.EACCES):
                self.bound(port=1999)
        self.as_nobody(bind)


class Sharing(BindTest):
    """Two sockets and one port: who is refused."""

    def assert_in_use(self, port, host=LOCALHOST, **how):
        with self.raises(errno.EADDRINUSE):
            self.bound(host, port, **how)

    def port_of(self, sock):
        return sock.getsockname()[1]

    def test_bound(self):
        self.assert_in_use(self.port_of(self.bound()))

    def test_wildcard_blocks_address(self):
        self.assert_in_use(self.port_of(self.bound("0.0.0.0")))

    def test_address_blocks_wildcard(self):
        self.assert_in_use(self.port_of(self.bound()), "0.0.0.0")

    def test_two_addresses(self):
        port = self.port_of(self.listener())
        self.listener(host="127.0.0.2", port=port)

    def test_two_addresses_do_not_mix(self):
        one = self.listener()
        other = self.listener(host="127.0.0.2", port=self.port_of(one))
        for listener in (one, other):
            client, server = self.pair(listener)
            self.assertEqual(client.getpeername(), listener.getsockname())
            self.assert_talking(client, server)

    def test_port_is_free_after_close(self):
        for make in (self.bound, self.listener):
            sock = make()
            port = self.port_of(sock)
            sock.close()
            self.listener(port=port)

    def test_other_protocols_have_their_own_ports(self):
        port = self.port_of(self.listener())
        others = [(socket.SOCK_DGRAM, socket.IPPROTO_UDP)]
        if PROTO != socket.IPPROTO_TCP:
            others.append((socket.SOCK_STREAM, socket.IPPROTO_TCP))
        for kind, proto in others:
            with self.subTest(proto=proto), socket.socket(socket.AF_INET, kind, proto) as other:
                other.bind((LOCALHOST, port))

    def test_namespaces_have_their_own_ports(self):
        port = self.port_of(self.listener())

        def other_namespace():
            unshare_network()
            loopback_up()
            self.assert_talking(*self.pair(self.listener(port=port)))
        self.in_child(other_namespace)

    # SO_REUSEADDR

    def test_reuseaddr_two_bound(self):
        port = self.port_of(self.bound(reuseaddr=True))
        self.bound(port=port, reuseaddr=True)

    def test_reuseaddr_wildcard_and_address(self):
        port = self.port_of(self.bound("0.0.0.0", reuseaddr=True))
        self.bound(port=port, reuseaddr=True)

    def test_reuseaddr_first_only(self):
        self.assert_in_use(self.port_of(self.bound(reuseaddr=True)))

    def test_reuseaddr_second_only(self):
        self.assert_in_use(self.port_of(self.bound()), reuseaddr=True)

    def test_reuseaddr_listener_blocks(self):
        self.assert_in_use(self.port_of(self.listener(reuseaddr=True)), reuseaddr=True)

    def test_reuseaddr_only_one_can_listen(self):
        one = self.bound(reuseaddr=True)
        other = self.bound(port=self.port_of(one), reuseaddr=True)
        one.listen()
        with self.raises(errno.EADDRINUSE):
            other.listen()
        one.close()
        other.listen()

    # the port of a connection whose listener is gone

    def connection_without_listener(self, reuseaddr):
        listener = self.listener(reuseaddr=reuseaddr)
        client, server = self.pair(listener)
        listener.close()
        return client, server, self.port_of(server)

    def test_connection_blocks(self):
        _, _, port = self.connection_without_listener(reuseaddr=True)
        self.assert_in_use(port)

    def test_connection_with_reuseaddr(self):
        client, server, port = self.connection_without_listener(reuseaddr=True)
        self.assert_talking(*self.pair(self.listener(port=port, reuseaddr=True)))
        self.assert_talking(client, server)

    def time_wait(self, reuseaddr):
        """A port with nothing but a TIME_WAIT."""
        client, server, port = self.connection_without_listener(reuseaddr)
        server.close()
        self.assertEqual(client.recv(1), b"")
        client.close()
        return port

    def test_time_wait_blocks(self):
        self.assert_in_use(self.time_wait(reuseaddr=True))

    def test_time_wait_blocks_the_wildcard(self):
        self.assert_in_use(self.time_wait(reuseaddr=True), "0.0.0.0")

    def test_time_wait_is_of_its_address(self):
        self.bound("127.0.0.2", self.time_wait(reuseaddr=False))

    def test_time_wait_with_reuseaddr(self):
        port = self.time_wait(reuseaddr=True)
        self.assert_talking(*self.pair(self.listener(port=port, reuseaddr=True)))

    def test_time_wait_without_reuseaddr_blocks_one_with(self):
        self.assert_in_use(self.time_wait(reuseaddr=False), reuseaddr=True)

    def test_reuseaddr_given_later(self):
        one = self.bound()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.bound(port=self.port_of(one), reuseaddr=True)

    def test_reuseaddr_taken_back(self):
        """Others find him as one who shares no more, not as one who is not there."""
        one = self.bound(reuseaddr=True)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        self.assert_in_use(self.port_of(one))
        one.listen()

    def test_reuseport_taken_back_by_a_listener(self):
        one = self.listener(reuseport=True)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)
        self.assert_in_use(self.port_of(one))

    def test_address_of_a_connection_from_any(self):
        """bind() to all addresses, then connect(): the port is taken at the address that is used."""
        client = self.bound("0.0.0.0")
        port = self.port_of(client)
        client.connect(self.listener().getsockname())
        self.assert_in_use(port)
        self.bound("127.0.0.2", port)

    # SO_REUSEPORT

    def test_reuseport_two_listeners(self):
        port = self.port_of(self.listener(reuseport=True))
        self.listener(port=port, reuseport=True)

    def test_reuseport_first_only(self):
        self.assert_in_use(self.port_of(self.bound(reuseport=True)))

    def test_reuseport_second_only(self):
        self.assert_in_use(self.port_of(self.bound()), reuseport=True)

    def test_reuseport_of_another_user(self):
        port = self.port_of(self.listener(reuseport=True))
        self.as_nobody(lambda: self.assert_in_use(port, reuseport=True))

    def test_reuseport_spreads_connections(self):
        one = self.listener(reuseport=True)
        other = self.listener(port=self.port_of(one), reuseport=True)
        for _ in range(64):
            self.connected(one)
        accepted = [0, 0]
        while sum(accepted) < 64:
            for ready in select.select([one, other], [], [])[0]:
                self.accept(ready)
                accepted[ready is other] += 1
        self.assertGreater(min(accepted), 0)

    def test_reuseport_a_program_chooses(self):
        """SO_ATTACH_REUSEPORT_CBPF: the second listener of the group takes them all."""
        one = self.listener(reuseport=True)
        other = self.listener(port=self.port_of(one), reuseport=True)
        so_attach_reuseport_cbpf, bpf_ret_k = 51, 0x06
        code = ctypes.create_string_buffer(struct.pack("HBBI", bpf_ret_k, 0, 0, 1))
        program = struct.pack("HxxxxxxP", 1, ctypes.addressof(code))
        one.setsockopt(socket.SOL_SOCKET, so_attach_reuseport_cbpf, program)
        clients = [self.connected(one) for _ in range(12)]
        for _ in clients:
            self.accept(other)
        self.assertEqual(events(one), "")

    @unittest.skipIf(KERNEL < (6, 2), "the kernel's groups do not look at it")
    def test_reuseport_of_this_cpu(self):
        """SO_INCOMING_CPU: whose listener is for the CPU that the segments come in by takes them all."""
        here, elsewhere, so_incoming_cpu = 0, 1, 49
        before = os.sched_getaffinity(0)
        self.addCleanup(os.sched_setaffinity, 0, before)
        os.sched_setaffinity(0, {here})
        one = self.listener(reuseport=True)
        other = self.listener(port=self.port_of(one), reuseport=True)
        one.setsockopt(socket.SOL_SOCKET, so_incoming_cpu, elsewhere)
        other.setsockopt(socket.SOL_SOCKET, so_incoming_cpu, here)
        clients = [self.connected(one) for _ in range(12)]
        for client in clients:
            self.accept(other)
            self.assertEqual(client.getsockopt(socket.SOL_SOCKET, so_incoming_cpu), here)
        self.assertEqual(events(one), "")
        self.assertEqual(one.getsockopt(socket.SOL_SOCKET, so_incoming_cpu), elsewhere)

    def test_reuseport_the_other_goes_on(self):
        one = self.listener(reuseport=True)
        other = self.listener(port=self.port_of(one), reuseport=True)
        one.close()
        for _ in range(8):
            self.assert_talking(*self.pair(other))

    # a port of a client

    def test_two_clients_one_port_two_destinations(self):
        one = self.bound(reuseaddr=True)
        other = self.bound(port=self.port_of(one), reuseaddr=True)
        for client in (one, other):
            listener = self.listener()
            client.connect(listener.getsockname())
            self.assert_talking(client, self.accept(listener))

    def test_two_clients_one_port_one_destination(self):
        listener = self.listener()
        one = self.bound(reuseaddr=True)
        other = self.bound(port=self.port_of(one), reuseaddr=True)
        one.connect(listener.getsockname())
        with self.raises(errno.EADDRNOTAVAIL):
            other.connect(listener.getsockname())

    def test_client_port_is_in_use(self):
        client, _ = self.pair()
        self.assert_in_use(self.port_of(client))


class Inherited(BindTest):
    def test_port_lives_as_long_as_the_last_descriptor(self):
        sock = self.bound()
        port = sock.getsockname()[1]
        copy = os.dup(sock.fileno())
        sock.close()
        with self.raises(errno.EADDRINUSE):
            self.bound(port=port)
        os.close(copy)
        self.bound(port=port)


if __name__ == "__main__":
    unittest.main()
