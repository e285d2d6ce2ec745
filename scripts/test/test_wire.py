"""Protocol 6 on the wire: xtcp at one end, the kernel's TCP at the other, both ways round, in both families."""
import errno
import hashlib
import os
import pathlib
import select
import socket
import struct
import subprocess
import threading
import time
import unittest

from xtcp_sockets import (A_WHILE, CLOSE, CLOSE_WAIT, ESTABLISHED, FIN_WAIT2, PROTO, SIOCINQ, SOL_TCP, SYN_SENT,
                          TIME_WAIT, SocketTest, events, ioctl_int, loopback_up, recv_all, recv_exactly, reset,
                          set_linger, tcp_state, unshare_network)

SOL_XTCP, WIRE_PROTOCOL = 253, 9
FAMILIES = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
KNOBS = pathlib.Path("/proc/sys/net/xtcp")


class WireTest(SocketTest):
    def setUp(self):
        if PROTO != 253:
            self.skipTest("of xtcp only")
        super().setUp()

    def xtcp(self, family=socket.AF_INET):
        sock = self.keep(socket.socket(family, socket.SOCK_STREAM, 253))
        sock.setsockopt(SOL_XTCP, WIRE_PROTOCOL, 6)
        return sock

    def tcp(self, family=socket.AF_INET):
        return self.keep(socket.socket(family, socket.SOCK_STREAM))

    def listener_of(self, make, family=socket.AF_INET, backlog=16):
        listener = make(family)
        listener.bind((FAMILIES[family], 0))
        listener.listen(backlog)
        return listener

    def both_ways(self, families=tuple(FAMILIES)):
        """Every (client, server) of one connection between the two stacks; the client connects."""
        for family in families:
            for make_client, make_server in ((self.xtcp, self.tcp), (self.tcp, self.xtcp), (self.xtcp, self.xtcp)):
                with self.subTest(family=family.name, client=make_client.__name__, server=make_server.__name__):
                    listener = self.listener_of(make_server, family)
                    client = make_client(family)
                    client.connect(listener.getsockname())
                    server = self.accept(listener)
                    listener.close()
                    yield client, server


class Option(WireTest):
    def test_default_is_the_knob(self):
        sock = self.keep(socket.socket(socket.AF_INET, socket.SOCK_STREAM, 253))
        self.assertEqual(sock.getsockopt(SOL_XTCP, WIRE_PROTOCOL), 253)
        self.sysctl("net/xtcp/wire_protocol", 6)
        self.assertEqual(sock.getsockopt(SOL_XTCP, WIRE_PROTOCOL), 6)

    def test_only_6_and_253(self):
        for bad in (0, 5, 7, 17, 252, 254):
            with self.raises(errno.EINVAL):
                self.xtcp().setsockopt(SOL_XTCP, WIRE_PROTOCOL, bad)
            with self.raises(errno.EINVAL):
                self.write_file(str(KNOBS / "wire_protocol"), bad)

    def test_not_once_it_has_a_port(self):
        sock = self.xtcp()
        sock.bind((FAMILIES[socket.AF_INET], 0))
        with self.raises(errno.EISCONN):
            sock.setsockopt(SOL_XTCP, WIRE_PROTOCOL, 253)

    def test_so_protocol_stays_253(self):
        self.assertEqual(self.xtcp().getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL), 253)

    def test_the_two_protocols_are_two_worlds(self):
        """The same port, once for 253, once for 6."""
        wire6 = self.listener_of(self.xtcp)
        own = self.listener(port=wire6.getsockname()[1])
        client, server = self.pair(own)
        self.assert_talking(client, server)
        other = self.tcp()
        other.connect(wire6.getsockname())
        self.assert_talking(other, self.accept(wire6))


class Ports(WireTest):
    def test_a_port_of_xtcp_is_taken_for_tcp(self):
        for family, host in FAMILIES.items():
            for listen in (False, True):
                sock = self.xtcp(family)
                sock.bind((host, 0))
                if listen:
                    sock.listen()
                for reuse in (0, 1):
                    other = self.tcp(family)
                    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
                    with self.raises(errno.EADDRINUSE):
                        other.bind((host, sock.getsockname()[1]))

    def test_and_the_other_way_round(self):
        for family, host in FAMILIES.items():
            other = self.listener_of(self.tcp, family)
            for reuse in (0, 1):
                sock = self.xtcp(family)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
                with self.raises(errno.EADDRINUSE):
                    sock.bind((host, other.getsockname()[1]))

    def test_reuseaddr_does_not_let_tcp_listen(self):
        sock = self.xtcp()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        other = self.tcp()
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with self.raises(errno.EADDRINUSE):
            other.bind(sock.getsockname())
            other.listen()

    def test_free_again_after_close(self):
        sock = self.xtcp()
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        sock.close()

        def bind():
            with self.tcp() as other:
                return other.connect_ex(("127.0.0.1", 9)) is None or self.can_bind(other, port)
        self.eventually(lambda: self.can_bind(self.tcp(), port))

    @staticmethod
    def can_bind(sock, port):
        try:
            sock.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
        return True

    def test_ephemeral_ports_do_not_collide(self):
        """A range of few ports, for both stacks together."""
        def run():
            unshare_network()
            loopback_up()
            self.write_file("/proc/sys/net/ipv4/ip_local_port_range", "40000 40019")
            listener = self.listener_of(self.tcp, backlog=64)
            seen = set()
            for count in range(100):
                client = (self.xtcp, self.tcp)[count % 2]()
                try:
                    client.connect(listener.getsockname())
                except OSError as error:
                    self.assertEqual(error.errno, errno.EADDRNOTAVAIL)
                    continue
                port = client.getsockname()[1]
                self.assertNotIn(port, seen)
                seen.add(port)
                self.assert_talking(client, self.accept(listener))
            self.assertGreaterEqual(len(seen), 19)
        self.in_child(run)


class Oracle(WireTest):
    """What one stack does, the other must understand."""

    def test_talk(self):
        for client, server in self.both_ways():
            self.assert_talking(client, server)

    def test_mapped(self):
        """AF_INET6 sockets of ours that speak IPv4 with the kernel's TCP."""
        listener = self.xtcp(socket.AF_INET6)
        listener.bind(("::", 0))
        listener.listen()
        client = self.tcp()
        client.connect(("127.0.0.1", listener.getsockname()[1]))
        self.assert_talking(client, self.accept(listener))
        other = self.listener_of(self.tcp)
        client = self.xtcp(socket.AF_INET6)
        client.connect(("::ffff:127.0.0.1", other.getsockname()[1]))
        self.assert_talking(client, self.accept(other))

    def test_megabytes(self):
        blob = os.urandom(1 << 20)
        for client, server in self.both_ways():
            for sender, receiver in ((client, server), (server, client)):
                thread = threading.Thread(target=lambda s=sender: [s.sendall(blob) for _ in range(8)])
                thread.start()
                digest = hashlib.sha256(recv_exactly(receiver, 8 << 20)).digest()
                thread.join()
                self.assertEqual(digest, hashlib.sha256(blob * 8).digest())

    def test_half_close(self):
        for client, server in self.both_ways():
            client.sendall(b"question")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(recv_all(server), b"question")
            self.await_state(server, CLOSE_WAIT)
            self.await_state(client, FIN_WAIT2)
            server.sendall(b"answer")
            server.close()
            self.assertEqual(recv_all(client), b"answer")

    def test_both_close_at_once(self):
        for client, server in self.both_ways():
            threads = [threading.Thread(target=sock.shutdown, args=(socket.SHUT_WR,)) for sock in (client, server)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual((client.recv(1), server.recv(1)), (b"", b""))

    def test_reset(self):
        for client, server in self.both_ways():
            reset(client)
            with self.raises(errno.ECONNRESET):
                server.recv(1)

    def test_reset_by_unread_data(self):
        for client, server in self.both_ways():
            client.sendall(b"never read")
            self.eventually(lambda s=server: ioctl_int(s, SIOCINQ), 10)
            server.close()
            with self.raises(errno.ECONNRESET):
                client.recv(1)

    def test_linger_waits(self):
        for client, server in self.both_ways():
            set_linger(client, 1, 5)
            client.sendall(b"x" * 1000)
            client.close()
            self.assertEqual(len(recv_all(server)), 1000)

    def test_refused(self):
        for family, host in FAMILIES.items():
            free = self.listener_of(self.tcp, family)
            address = free.getsockname()
            free.close()
            with self.raises(errno.ECONNREFUSED):
                self.xtcp(family).connect(address)
            held = self.xtcp(family)
            held.bind((host, 0))
            with self.raises(errno.ECONNREFUSED):
                self.tcp(family).connect(held.getsockname())

    def test_zero_window(self):
        for client, server in self.both_ways((socket.AF_INET,)):
            sent = 0
            client.setblocking(False)
            while events(client, select.POLLOUT, A_WHILE):
                sent += client.send(bytes(65536))
            client.setblocking(True)
            thread = threading.Thread(target=lambda s=server, n=sent: recv_exactly(s, n))
            thread.start()
            client.sendall(b"after the pause")
            thread.join()
            self.assertEqual(recv_exactly(server, 15), b"after the pause")

    def test_urgent(self):
        for client, server in self.both_ways():
            client.sendall(b"abc")
            client.send(b"!", socket.MSG_OOB)
            self.eventually(lambda s=server: ioctl_int(s, SIOCINQ) >= 3)
            self.assertEqual(server.recv(10), b"abc")
            self.assertEqual(server.recv(1, socket.MSG_OOB), b"!")

    def test_keepalive(self):
        for client, server in self.both_ways((socket.AF_INET,)):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            client.setsockopt(SOL_TCP, socket.TCP_KEEPIDLE, 1)
            client.setsockopt(SOL_TCP, socket.TCP_KEEPINTVL, 1)
            client.setsockopt(SOL_TCP, socket.TCP_KEEPCNT, 1)
            time.sleep(2.5)
            self.assertEqual((tcp_state(client), tcp_state(server)), (ESTABLISHED, ESTABLISHED))
            self.assert_talking(client, server)

    def test_simultaneous_open(self):
        """Both connect to each other from bound ports, behind a wire that delays."""
        def run():
            unshare_network()
            loopback_up()
            subprocess.run("tc qdisc add dev lo root netem delay 20ms", shell=True, check=True)
            one, other = self.xtcp(), self.tcp()
            one.bind(("127.0.0.2", 5001))
            other.bind(("127.0.0.3", 5002))
            one.setblocking(False)
            other.setblocking(False)
            self.assertEqual(one.connect_ex(("127.0.0.3", 5002)), errno.EINPROGRESS)
            self.assertEqual(other.connect_ex(("127.0.0.2", 5001)), errno.EINPROGRESS)
            for sock in (one, other):
                self.await_events(sock, "OUT")
                sock.setblocking(True)
            self.assert_talking(one, other)
        self.in_child(run)

    def test_loss_and_reordering(self):
        def run():
            unshare_network()
            loopback_up()
            subprocess.run("tc qdisc add dev lo root netem delay 2ms 1ms loss 1% reorder 5%", shell=True, check=True)
            blob = os.urandom(1 << 20)
            for client, server in self.both_ways():
                thread = threading.Thread(target=lambda c=client: (c.sendall(blob * 2), c.shutdown(socket.SHUT_WR)))
                thread.start()
                digest = hashlib.sha256(recv_all(server)).digest()
                thread.join()
                self.assertEqual(digest, hashlib.sha256(blob * 2).digest())
        self.in_child(run)

    def test_icmp(self):
        """An unreachable of a router ends the opening; the kernel's TCP does not mind."""
        def run():
            unshare_network()
            loopback_up()
            subprocess.run("nft add table t; nft add chain t c '{ type filter hook input priority 0; }';"
                           "nft add rule t c ip protocol tcp ip daddr 127.0.0.9 reject with icmp type host-unreachable",
                           shell=True, check=True)
            with self.raises(errno.EHOSTUNREACH):
                self.xtcp().connect(("127.0.0.9", 80))
        self.in_child(run)


class Neighbours(WireTest):
    def test_tcp_is_untouched(self):
        """The kernel's own connections beside ours, established before and after the hooks came."""
        def run():
            unshare_network()
            loopback_up()
            before = self.tcp(), self.listener_of(self.tcp)
            before[0].connect(before[1].getsockname())
            peer = self.accept(before[1])
            self.listener_of(self.xtcp)
            self.assert_talking(before[0], peer)
            after = self.listener_of(self.tcp)
            client = self.tcp()
            client.connect(after.getsockname())
            self.assert_talking(client, self.accept(after))
        self.in_child(run)

    def test_the_kernel_sends_no_rst_for_ours(self):
        """The counter of RSTs the kernel's TCP sent stays where it is, TIME_WAIT and late segments included."""
        def run():
            unshare_network()
            loopback_up()
            for client, server in self.both_ways((socket.AF_INET,)):
                self.assert_talking(client, server)
                client.close()
                server.close()
            self.assertEqual(self.out_rsts(), 0)
        self.in_child(run)

    @staticmethod
    def out_rsts():
        lines = [x.split() for x in pathlib.Path("/proc/net/snmp").read_text(encoding="ascii").splitlines()
                 if x.startswith("Tcp:")]
        return int(lines[1][lines[0].index("OutRsts")])

    def test_time_wait_keeps_its_port(self):
        listener = self.listener_of(self.tcp)
        client = self.xtcp()
        client.connect(listener.getsockname())
        server = self.accept(listener)
        port = client.getsockname()[1]
        client.close()
        server.close()
        other = self.tcp()
        with self.raises(errno.EADDRINUSE):
            other.bind(("127.0.0.1", port))


if __name__ == "__main__":
    unittest.main()
