"""Protocol 6 on the wire: ports that two stacks share, what the hooks take and what they leave.

Do the two understand each other: test_oracle.py.
"""
import errno
import os
import pathlib
import socket
import struct
import subprocess
import time
import unittest

from checksums import checksum
from two_hosts import Host, TwoHosts, run as run_command
from xtcp_sockets import (A_WHILE, CLONE_NEWNET, KERNEL, PATIENCE, PROTO, SOL_TCP, SYN_SENT, SocketTest, Task,
                          await_local, error_of, libc, loopback_up, recv_exactly, reset, tcp_state, unshare_network)

SOL_XTCP, WIRE_PROTOCOL = 253, 9
TCP_SAVE_SYN, TCP_SAVED_SYN, IPV6_DSTOPTS = 27, 28, 59
IP_TRANSPARENT, IPV6_TRANSPARENT = 19, 75
CLONE_NEWUSER = 0x10000000
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


    @staticmethod
    def can_bind(sock, address):
        try:
            sock.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
        finally:
            sock.close()
        return True

    def await_port(self, family, address):
        """The kernel's TCP gets it a moment after ours gave it up."""
        self.eventually(lambda: self.can_bind(self.tcp(family), address))


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
        """The same port, once for 253, once for 6: one in which no TIME_WAIT of an earlier test waits."""
        for _ in range(20):
            wire6 = self.listener_of(self.xtcp)
            try:
                own = self.listener(port=wire6.getsockname()[1])
                break
            except OSError:
                continue
        else:
            self.fail("20 ports of 20 are taken")
        client, server = self.pair(own)
        self.assert_talking(client, server)
        other = self.tcp()
        other.connect(wire6.getsockname())
        self.assert_talking(other, self.accept(wire6))


class Rights(WireTest):
    """Who may speak protocol 6: CAP_NET_ADMIN over the namespace, or the groups of a range that is empty at first."""

    group_range = "net/xtcp/wire_protocol_6_group_range"

    def setUp(self):
        super().setUp()
        self.sysctl(self.group_range, "1 0")

    @staticmethod
    def own():
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM, 253)

    def refused(self):
        """The option, and what the knob says; 253 and the kernel's TCP are everybody's."""
        with self.own() as sock, self.raises(errno.EPERM):
            sock.setsockopt(SOL_XTCP, WIRE_PROTOCOL, 6)
        for family, host in FAMILIES.items():
            with socket.socket(family, socket.SOCK_STREAM, 253) as sock:
                with self.raises(errno.EPERM):
                    sock.bind((host, 0))
                with self.raises(errno.EPERM):
                    sock.connect((host, 9))
                with self.raises(errno.EPERM):
                    sock.listen()
                with self.raises(errno.EPERM):
                    sock.sendto(b"text", socket.MSG_FASTOPEN, (host, 9))
                sock.setsockopt(SOL_XTCP, WIRE_PROTOCOL, 253)
                sock.bind((host, 0))
            with socket.socket(family, socket.SOCK_STREAM) as sock:
                sock.bind((host, 0))

    def allowed(self):
        with self.own() as sock:
            sock.setsockopt(SOL_XTCP, WIRE_PROTOCOL, 6)
            sock.bind((FAMILIES[socket.AF_INET], 0))
        with self.own() as sock:
            sock.bind((FAMILIES[socket.AF_INET], 0))

    def test_nobody_may(self):
        self.sysctl("net/xtcp/wire_protocol", 6)
        self.as_nobody(self.refused)

    def test_root_may(self):
        self.sysctl("net/xtcp/wire_protocol", 6)
        self.allowed()

    def test_groups_may(self):
        self.sysctl("net/xtcp/wire_protocol", 6)
        for groups, may in (("65534 65534", True), ("0 65533", False), ("65534 65533", False), ("0 4294967294", True)):
            with self.subTest(groups):
                self.write_file("/proc/sys/" + self.group_range, groups)
                self.as_nobody(self.allowed if may else self.refused)

    def test_supplementary_groups_count(self):
        def run(function):
            os.setgroups([7, 4711])
            os.setgid(65534)
            os.setuid(65534)
            function()

        self.sysctl("net/xtcp/wire_protocol", 6)
        for groups, may in (("4711 4711", True), ("7 7", True), ("1 7", True), ("8 4710", False),
                            ("4712 65533", False), ("0 6", False)):
            with self.subTest(groups):
                self.write_file("/proc/sys/" + self.group_range, groups)
                self.in_child(lambda may=may: run(self.allowed if may else self.refused))

    def test_a_socket_handed_over_may(self):
        """Who may said so of this socket; what it does with it, it does without the privilege."""
        sock, host = self.xtcp(), FAMILIES[socket.AF_INET]
        listener = self.listener_of(self.tcp)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

        def use():
            sock.bind((host, 0))
            sock.connect(listener.getsockname())
            with self.raises(errno.EISCONN):
                sock.setsockopt(SOL_XTCP, WIRE_PROTOCOL, 253)

        self.as_nobody(use)

    def test_root_of_a_namespace_may_there(self):
        def run():
            try:
                libc("unshare", CLONE_NEWUSER | CLONE_NEWNET)
            except OSError as error:
                self.skipTest(f"no new user namespace: {error}")
            loopback_up()
            with self.own() as sock:
                sock.setsockopt(SOL_XTCP, WIRE_PROTOCOL, 6)
                sock.bind((FAMILIES[socket.AF_INET], 0))

        self.as_nobody(run)

    def test_a_new_namespace_inherits_the_range(self):
        self.write_file("/proc/sys/" + self.group_range, "5 9")

        def read():
            return (KNOBS / "wire_protocol_6_group_range").read_text(encoding="ascii").split()

        def run():
            unshare_network()
            self.assertEqual(read(), ["5", "9"])
            self.write_file("/proc/sys/" + self.group_range, "1 2")

        self.in_child(run)
        self.assertEqual(read(), ["5", "9"])

    def test_bad_ranges(self):
        for bad in ("", "5", "5 x", "5 9 13", "5 -1", "5 4294967295", "4294967296 4294967297", "5,9"):
            with self.subTest(bad), self.raises(errno.EINVAL):
                self.write_file("/proc/sys/" + self.group_range, bad)


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
        self.await_port(socket.AF_INET, ("127.0.0.1", port))

    def test_free_for_the_next_of_ours_at_once(self):
        for reuse in (0, 1):
            port = 0
            for _ in range(50):
                sock = self.xtcp()
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
                sock.bind(("127.0.0.1", port))
                port = sock.getsockname()[1]
                sock.close()

    def test_who_holds_a_port_accepts_nothing(self):
        """The socket of the kernel's that keeps the port outlives ours by a moment: it must not answer."""
        for family in FAMILIES:
            for _ in range(50):
                listener = self.xtcp(family)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((FAMILIES[family], 0))
                listener.listen()
                address = listener.getsockname()
                listener.close()
                with self.raises(errno.ECONNREFUSED):
                    self.tcp(family).connect(address)

    @staticmethod
    def shared(sock, option=socket.SO_REUSEADDR, port=0):
        sock.setsockopt(socket.SOL_SOCKET, option, 1)
        sock.bind(("127.0.0.1", port))
        return sock

    def test_a_port_given_to_any_is_shared_with_no_one(self):
        """SO_REUSEADDR is about a port chosen by number: bind() to 0 takes a free one, in both stacks."""
        def run():
            unshare_network()
            loopback_up()
            self.write_file("/proc/sys/net/ipv4/ip_local_port_range", "40000 40001")
            self.shared(self.tcp())
            self.shared(self.xtcp())
            for make in (self.tcp, self.xtcp):
                with self.raises(errno.EADDRINUSE):
                    self.shared(make())
            for _ in range(2):
                self.shared(self.socket())
            with self.raises(errno.EADDRINUSE):
                self.shared(self.socket())
        self.in_child(run)

    def test_a_group_of_listeners_binds_at_once(self):
        """SO_REUSEPORT: of several that come at the same moment none is kept out by what the first reserved."""
        def bind():
            for _ in range(50):
                with socket.socket(socket.AF_INET, socket.SOCK_STREAM, 253) as sock:
                    sock.setsockopt(SOL_XTCP, WIRE_PROTOCOL, 6)
                    self.shared(sock, socket.SO_REUSEPORT, 7777)

        def run():
            unshare_network()
            loopback_up()
            for task in [Task(bind) for _ in range(4)]:
                task.result()
        self.in_child(run)

    def test_a_connection_of_the_kernels_is_not_made_once_more(self):
        listener = self.listener_of(self.tcp)
        client = self.shared(self.tcp())
        client.connect(listener.getsockname())
        server = self.accept(listener)
        again = self.shared(self.xtcp(), port=client.getsockname()[1])
        with self.raises(errno.EADDRNOTAVAIL):
            again.connect(listener.getsockname())
        self.assert_talking(client, server)

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


    def in_range_of_two(self, test):
        """test(family, one stack, the other), each in a namespace with two ports for connect()."""
        def run(*arguments):
            unshare_network()
            loopback_up()
            self.write_file("/proc/sys/net/ipv4/ip_local_port_range", "40000 40001")
            test(*arguments)
        for family in FAMILIES:
            for makes in ((self.xtcp, self.tcp), (self.tcp, self.xtcp)):
                with self.subTest(family=family.name, first=makes[0].__name__):
                    self.in_child(lambda arguments=(family, *makes): run(*arguments))

    def listeners_at(self, family):
        """Two of the kernel's, outside of the range."""
        listeners = [self.tcp(family) for _ in range(2)]
        for port, listener in enumerate(listeners, 50000):
            listener.bind((FAMILIES[family], port))
            listener.listen()
        return listeners

    def connected_to(self, make, family, listener):
        client = make(family)
        client.connect(listener.getsockname())
        return client, self.accept(listener)

    @unittest.skipIf(KERNEL >= (6, 16), "there modules may not share a port with the kernel")
    def test_ports_of_connect_are_shared(self):
        """Who has all ports for one destination has them for that alone, in both stacks."""
        def test(family, mine, others):
            one, other = self.listeners_at(family)
            pairs = [self.connected_to(mine, family, one) for _ in range(2)]
            with self.raises(errno.EADDRNOTAVAIL):
                others(family).connect(one.getsockname())
            pairs += [self.connected_to(others, family, other) for _ in range(2)]
            self.assertEqual(len({client.getsockname()[1] for client, _ in pairs}), 2)
            for pair in pairs:
                self.assert_talking(*pair)
        self.in_range_of_two(test)

    @unittest.skipIf(KERNEL >= (6, 16), "there modules may not share a port with the kernel")
    def test_connections_of_two_devices_keep_apart(self):
        """The same addresses and ports on another device are another connection, in both stacks."""
        nets = {socket.AF_INET: ("10.9.9.1/24", "10.9.9.2"), socket.AF_INET6: ("fd09::1/64 nodad", "fd09::2")}

        def test(family, mine, others):
            ours, theirs = nets[family]

            def connecting(make, device):
                sock = make(family)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
                sock.setblocking(False)
                return sock.connect_ex((theirs, 80))

            for device in ("d0", "d1"):
                run_command(f"ip link add {device} type dummy; ip link set {device} up")
                run_command(f"ip addr add {ours} dev {device}")
            if family == socket.AF_INET6:
                await_local(ours.split("/", maxsplit=1)[0])
            self.assertEqual([connecting(mine, "d0") for _ in range(2)], 2 * [errno.EINPROGRESS])
            self.assertEqual(connecting(others, "d0"), errno.EADDRNOTAVAIL)
            self.assertEqual([connecting(others, "d1") for _ in range(2)], 2 * [errno.EINPROGRESS])
            self.assertEqual(connecting(mine, "d1"), errno.EADDRNOTAVAIL)
        self.in_range_of_two(test)

    @staticmethod
    def abort(sock):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()

    def test_a_bound_port_is_shared_with_no_connect(self):
        def test(family, bound, others):
            listener, _ = self.listeners_at(family)
            bound(family).bind((FAMILIES[family], 40000))
            client, _ = self.connected_to(others, family, listener)
            self.assertEqual(client.getsockname()[1], 40001)
        self.in_range_of_two(test)

    def test_time_waits_keep_no_port(self):
        """One user's TIME_WAITs in all ports: the kernel's TCP connects as if there were none."""
        def test(family, first, _):
            one, other = self.listeners_at(family)
            listeners = (one, other) if first.__name__ == "xtcp" else (other, one)
            for _ in range(2):
                client, server = self.connected_to(self.xtcp, family, one)
                client.close()
                server.close()
            for listener in listeners:
                self.eventually(lambda listener=listener: self.can_connect(family, listener))
        self.in_range_of_two(test)

    def can_connect(self, family, listener):
        try:
            client, server = self.connected_to(self.tcp, family, listener)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise
            return False
        self.assert_talking(client, server)
        self.abort(client)
        server.close()
        return True


class Icmp(WireTest):
    """An unreachable of a router ends the opening; the kernel's TCP does not mind."""

    RECORD_ROUTE = b"\x07\x0b\x04" + bytes(9)
    PADDING = b"\0\0\1\4" + bytes(4)  # of a destination options header

    def connect(self, family, option=None):
        with self.subTest(family=family.name, option=option):
            sock = self.xtcp(family)
            if option:
                sock.setsockopt(*option)
            with self.raises(errno.EHOSTUNREACH):
                sock.connect(({socket.AF_INET: "127.0.0.9", socket.AF_INET6: "fd00::9"}[family], 80))

    def test_icmp(self):
        def run():
            unshare_network()
            loopback_up()
            subprocess.run("ip addr add fd00::9/128 dev lo nodad; nft add table inet t;"
                           "nft add chain inet t c '{ type filter hook input priority 0; }';"
                           "nft add rule inet t c meta l4proto != tcp accept;"
                           "nft add rule inet t c ip daddr 127.0.0.9 reject with icmp type host-unreachable;"
                           "nft add rule inet t c ip6 daddr fd00::9 reject with icmpv6 type addr-unreachable",
                           shell=True, check=True)
            await_local("fd00::9")
            self.connect(socket.AF_INET)
            self.connect(socket.AF_INET6)
            self.connect(socket.AF_INET, (socket.SOL_IP, socket.IP_OPTIONS, self.RECORD_ROUTE))
            self.connect(socket.AF_INET6, (socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, self.PADDING))
            self.connect(socket.AF_INET6, (socket.IPPROTO_IPV6, socket.IPV6_HOPOPTS, self.PADDING))
        self.in_child(run)


    def complain(self, quote):
        """To the sender of the quoted packet, that its addressee is out of reach."""
        if quote[0] >> 4 == 4:
            family, kind, code, host = socket.AF_INET, 3, 1, socket.inet_ntop(socket.AF_INET, quote[12:16])
            protocol = socket.IPPROTO_ICMP
        else:
            family, kind, code, host = socket.AF_INET6, 1, 3, socket.inet_ntop(socket.AF_INET6, quote[8:24])
            protocol = socket.IPPROTO_ICMPV6  # the kernel fills in the checksum
        message = struct.pack("!BBHI", kind, code, 0, 0) + quote
        message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
        with socket.socket(family, socket.SOCK_RAW, protocol) as raw:
            raw.sendto(message, (host, 0))

    def test_quote_is_cut(self):
        """With less than eight octets of the segment it says nothing; ports alone would be four (RFC 792)."""
        def run():
            unshare_network()
            loopback_up()
            subprocess.run("ip link add d0 type dummy; ip addr add 10.9.9.1/24 dev d0;"
                           "ip addr add fd09::1/64 dev d0 nodad; ip link set d0 up", shell=True, check=True)
            await_local("fd09::1")
            for family, host, header, at in ((socket.AF_INET, "10.9.9.2", 20, 9), (socket.AF_INET6, "fd09::2", 40, 6)):
                wire = self.keep(socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)))
                wire.bind(("d0", 0))
                sock = self.xtcp(family)
                sock.setblocking(False)
                self.assertEqual(sock.connect_ex((host, 80)), errno.EINPROGRESS)
                packet = wire.recv(1000)
                while (packet[0] >> 4, packet[at]) != (4 if family == socket.AF_INET else 6, 6):
                    packet = wire.recv(1000)
                for octets in (0, 1, 3, 4, 7):
                    self.complain(packet[:header + octets])
                time.sleep(A_WHILE)
                self.assertEqual((tcp_state(sock), error_of(sock)), (SYN_SENT, 0))
                self.complain(packet[:header + 8])
                self.eventually(lambda sock=sock: error_of(sock), errno.EHOSTUNREACH)
        self.in_child(run)


class PathMtu(WireTest):
    """Host 0 sends; host 1 is a router whose other cable takes less; host 2 is behind it."""

    @classmethod
    def setUpClass(cls):
        if PROTO != 253:
            raise unittest.SkipTest("of xtcp only")
        cls.net = TwoHosts()
        cls.addClassCleanup(cls.net.remove)
        cls.far = Host(2)
        cls.addClassCleanup(cls.far.remove)
        cls.net.offload("off")
        run_command("ip link add veth2 netns oracle2 type veth peer name narrow netns oracle1 mtu 1400")
        cls.net[1].run("ip addr add 10.7.0.1/24 dev narrow; ip addr add fd07::1/64 dev narrow nodad;"
                       "ip link set narrow up")
        cls.far.run("ip link set lo up; ip link set veth2 up; ip addr add 10.7.0.2/24 dev veth2;"
                    "ip addr add fd07::2/64 dev veth2 nodad; ip route add default via 10.7.0.1;"
                    "ip -6 route add default via fd07::1")
        cls.net[1].sysctl("ipv4/ip_forward", 1)
        cls.net[1].sysctl("ipv6/conf/all/forwarding", 1)
        cls.net[0].run("ip route add default via 10.6.0.2; ip -6 route add default via fd06::2")

    def connection(self, make, family):
        """From host 0 to host 2, over Ethernet as far as either knows."""
        with self.far:
            listener = self.keep(socket.socket(family, socket.SOCK_STREAM))
        listener.bind(("::" if family == socket.AF_INET6 else "", 0))
        listener.listen()
        host = {socket.AF_INET: "10.7.0.2", socket.AF_INET6: "fd07::2"}[family]
        self.net[0].run("ip route flush cache; ip -6 route flush cache")
        with self.net[0]:
            client = make(family)
        client.setsockopt(SOL_TCP, socket.TCP_MAXSEG, 1430)
        self.eventually(lambda: client.connect_ex((host, listener.getsockname()[1])) == 0)
        return client, self.accept(listener)

    def heard(self, family):
        """Messages that a packet was too big, at host 0."""
        name, word = (("snmp6", "Icmp6InPktTooBigs"), ("snmp", "IcmpMsg:"))[family == socket.AF_INET]
        with self.net[0], open("/proc/thread-self/net/" + name, encoding="ascii") as file:
            rows = [line.split() for line in file if line.startswith(word)]
        if family == socket.AF_INET6:
            return int(rows[0][1])
        return int(dict(zip(*rows)).get("InType3", 0)) if rows else 0

    def send(self, make, family):
        """A large segment, the message about it, and the segment size then."""
        client, server = self.connection(make, family)
        before = self.heard(family)
        client.sendall(bytes(3000))
        self.eventually(lambda: self.heard(family) > before)
        time.sleep(A_WHILE)
        return client, server, client.getsockopt(SOL_TCP, socket.TCP_MAXSEG)

    def test_too_big(self):
        for family in FAMILIES:
            for make in (self.tcp, self.xtcp):
                with self.subTest(family=family.name, stack=make.__name__):
                    _, server, mss = self.send(make, family)
                    self.assertLess(mss, 1400 - 40)
                    self.assertEqual(len(recv_exactly(server, 3000)), 3000)

    def segment_size_in_mode(self, mode, make):
        """What ip_no_pmtu_disc makes of a message to a connection that is older."""
        client, _ = self.connection(make, socket.AF_INET)
        before = self.heard(socket.AF_INET)
        self.net[0].sysctl("ipv4/ip_no_pmtu_disc", mode)
        try:
            client.sendall(bytes(3000))
            self.eventually(lambda: self.heard(socket.AF_INET) > before)
            time.sleep(A_WHILE)
            return client.getsockopt(SOL_TCP, socket.TCP_MAXSEG)
        finally:
            reset(client)  # else it would try again, and learn then
            self.net[0].sysctl("ipv4/ip_no_pmtu_disc", 0)

    def test_no_pmtu_disc_of_a_namespace(self):
        """1: the message counts, what it says does not; 2: nor does the message. As the kernel's TCP has it."""
        for mode in (1, 2):
            with self.subTest(mode=mode):
                sizes = {make.__name__: self.segment_size_in_mode(mode, make) for make in (self.tcp, self.xtcp)}
                self.assertEqual(sizes["tcp"], sizes["xtcp"])


class Neighbours(WireTest):
    def transparent_proxy(self):
        """Of the kernel's: what comes to some ports of any address, one socket gets (nft tproxy)."""
        proxy = self.keep(socket.socket(socket.AF_INET6, socket.SOCK_STREAM))
        proxy.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
        proxy.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
        proxy.bind(("::", 3128))
        proxy.listen()
        run_command("ip route add local 198.51.100.0/24 dev lo; ip -6 route add local 2001:db8::/64 dev lo;"
                    "nft 'add table inet t; add chain inet t c { type filter hook prerouting priority mangle; };"
                    "add rule inet t c meta nfproto ipv4 tcp dport 8080-8083 tproxy ip to :3128 accept;"
                    "add rule inet t c meta nfproto ipv6 tcp dport 8080-8083 tproxy ip6 to :3128 accept'")
        return proxy

    def test_a_transparent_proxy_keeps_what_is_its(self):
        """Listeners of ours on those ports get nothing of what the administrator gives to another socket."""
        def run():
            unshare_network()
            loopback_up()
            proxy = self.transparent_proxy()
            cases = ((family, to, at) for family, to, any_at in ((socket.AF_INET, "198.51.100.1", "0.0.0.0"),
                                                                 (socket.AF_INET6, "2001:db8::1", "::"))
                     for at in (FAMILIES[family], any_at))
            for port, (family, to, at) in enumerate(cases, 8080):
                with self.subTest(family=family.name, at=at):
                    ours = self.xtcp(family)
                    ours.bind((at, port))
                    ours.listen()
                    client = self.tcp(family)
                    client.settimeout(PATIENCE)
                    client.connect((to, port))
                    self.assert_talking(client, self.accept(proxy))
        self.in_child(run)

    def test_other_addresses_of_a_port_are_the_kernels_to_refuse(self):
        """Ours listens at one address. At others nobody does: RST, and no counter of ours says a word."""
        def run():
            unshare_network()
            loopback_up()
            ours = self.listener_of(self.xtcp)
            with self.raises(errno.ECONNREFUSED):
                self.tcp().connect(("127.0.0.2", ours.getsockname()[1]))
            self.assertEqual(self.out_rsts(), 1)
        self.in_child(run)

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

    def test_connections_outlive_their_listener(self):
        """A server of the kernel's is restarted with ours: what it had accepted goes on."""
        for family, host in FAMILIES.items():
            with self.subTest(family=family.name):
                old = self.tcp(family)
                old.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                old.bind((host, 0))
                old.listen()
                address = old.getsockname()
                client = self.tcp(family)
                client.connect(address)
                server = self.accept(old)
                old.close()
                new = self.xtcp(family)
                new.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                new.bind(address)
                new.listen()
                self.assert_talking(client, server)
                other = self.tcp(family)
                other.connect(address)
                self.assert_talking(other, self.accept(new))
                server.close()
                self.assertEqual(client.recv(1), b"")

    def test_a_syn_over_a_time_wait_of_the_kernels(self):
        """The port has changed hands: who had a connection before opens a new one at once."""
        old = self.shared_listener(self.tcp)
        address = old.getsockname()
        client = self.shared_client(address)
        source = client.getsockname()
        server = self.accept(old)
        old.close()
        server.close()
        self.assertEqual(client.recv(1), b"")
        client.close()
        new = self.shared_listener(self.xtcp, address)
        client = self.shared_client(address, source)
        self.assert_talking(client, self.accept(new))

    def shared_listener(self, make, address=("127.0.0.1", 0), family=socket.AF_INET):
        sock = make(family)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen()
        return sock

    def shared_client(self, address, source=("127.0.0.1", 0), family=socket.AF_INET):
        """Of the kernel's, from a host that keeps no TIME_WAIT: it is the server that closes first."""
        sock = self.tcp(family)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(source)
        sock.connect(address)
        return sock

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

    def test_what_was_sent_is_seen(self):
        """Not our own protocol number, which the hook puts there for the way through IP."""
        for family, offset in ((socket.AF_INET, 9), (socket.AF_INET6, 6)):
            listener = self.listener_of(self.xtcp, family)
            listener.setsockopt(socket.IPPROTO_TCP, TCP_SAVE_SYN, 1)
            self.tcp(family).connect(listener.getsockname())
            self.assertEqual(self.accept(listener).getsockopt(socket.IPPROTO_TCP, TCP_SAVED_SYN, 200)[offset], 6)

    def test_destination_options(self):
        """IPv6: a TCP header behind an extension header that the host reads only later."""
        padding = b"\0\0\1\4\0\0\0\0"
        for make in (self.xtcp, self.tcp):
            listener = self.listener_of(make, socket.AF_INET6)
            client = self.tcp(socket.AF_INET6)
            client.setsockopt(socket.IPPROTO_IPV6, IPV6_DSTOPTS, padding)
            client.connect(listener.getsockname())
            self.assert_talking(client, self.accept(listener))

    def test_time_wait_keeps_no_port(self):
        """It goes when the kernel's TCP opens the same connection, from either end."""
        for family, host in FAMILIES.items():
            for make_server in (self.tcp, self.xtcp):
                with self.subTest(family=family.name, server=make_server.__name__):
                    listener = self.shared_listener(make_server, (host, 0), family)
                    client = self.xtcp(family)
                    client.connect(listener.getsockname())
                    source = client.getsockname()
                    server = self.accept(listener)
                    client.close()
                    server.close()
                    self.await_port(family, source)
                    again = self.shared_client(listener.getsockname(), source, family)
                    self.assert_talking(again, self.accept(listener))

    def test_a_syn_over_a_time_wait_of_ours(self):
        """The port has changed hands: who had a connection before opens a new one at once."""
        for family, host in FAMILIES.items():
            with self.subTest(family=family.name):
                old = self.shared_listener(self.xtcp, (host, 0), family)
                address = old.getsockname()
                client = self.shared_client(address, (host, 0), family)
                source = client.getsockname()
                server = self.accept(old)
                old.close()
                server.close()
                self.assertEqual(client.recv(1), b"")
                client.close()
                self.await_port(family, address)
                new = self.shared_listener(self.tcp, address, family)
                client = self.shared_client(address, source, family)
                self.assert_talking(client, self.accept(new))


if __name__ == "__main__":
    unittest.main()
