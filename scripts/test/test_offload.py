"""Large segments over every kind of device, whatever ethtool makes of its offloads: all text arrives, at the first try.

Nobody cuts the segments up but the kernel in front of a device, or at the other end of a cable no one; what was cut up
is joined again, or not. A segment with a wrong sum or a wrong length would be dropped and counted: there is none.
Where there is a program at the other end of the device (tun) it looks at each packet.
"""
import contextlib
import fcntl
import itertools
import os
import select
import socket
import struct
import threading
import time
import unittest

from checksums import checksum, segment
from two_hosts import Host, run
from xtcp_sockets import CLOCK, PATIENCE, PROTO, SocketTest, await_local, recv_exactly

SOL_XTCP, WIRE_PROTOCOL = 253, 9
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
ADDRESSES = {socket.AF_INET: ("10.7.0.1", "10.7.0.2"), socket.AF_INET6: ("fd07::1", "fd07::2")}
FEATURES = "tso", "gso", "gro", "tx", "rx"
ALL_ON = dict.fromkeys(FEATURES, "on")
ALL_OFF = dict.fromkeys(FEATURES, "off")
SETTINGS = {"as they are": {}, "all on": ALL_ON, "all off": ALL_OFF,
            "all off but gro": {**ALL_OFF, "gro": "on", "rx": "on"},
            "all off but tx": {**ALL_OFF, "tx": "on"},
            **{f"{name} off": {**ALL_ON, name: "off"} for name in FEATURES}}
if os.environ.get("XTCP_TEST_SIZE") == "small":
    SETTINGS = dict(list(SETTINGS.items())[:4])
TEXT = os.urandom(100000)
# Of a clock that may leap ahead a retransmission timer is the victim; elsewhere what is sent again was lost.
NEVER = ("DropChecksum", "DropHeader") + (("RetransSegs",) if CLOCK == "virtual" else ())
LARGE, SINGLE = 3, 1.02  # segments a packet: so many at least where they go or come together, no more where they do not


class Link:
    """A device on each host, its kind says which; `cut` is where packets are as they would be on a cable."""

    def __init__(self, kind):
        self.kind, self.hosts = kind, [Host(0), Host(1)]
        self.inspector = None
        self.devices = ["veth0", "veth1"]
        try:
            getattr(self, "make_" + kind)()
        except RuntimeError as error:  # a kernel without such devices
            self.remove()
            raise unittest.SkipTest(f"no {kind}: {error}")
        ends = list(enumerate(self.hosts))[:1 if kind == "lo" else 2]
        for number, host in ends:
            host.run("ip link set lo up")
            self.configure(number, host)
        for number, host in ends:
            self.await_carrier(number, host)

    def configure(self, number, host):
        device = self.devices[number]
        for family, addresses in ADDRESSES.items():
            more = "/24" if family == socket.AF_INET else "/64 nodad"
            for address in addresses if self.kind == "lo" else addresses[number:number + 1]:
                host.run(f"ip addr add {address}{more} dev {device}")
        host.run(f"ip link set {device} up mtu 1500")
        with host:
            await_local(ADDRESSES[socket.AF_INET6][number])

    def await_carrier(self, number, host):
        device = self.devices[number]
        end = time.monotonic() + PATIENCE
        while "LOWER_UP" not in host.run(f"ip link show {device}"):
            if time.monotonic() > end:
                raise TimeoutError("no carrier")
            time.sleep(0.01)

    def make_veth(self):
        run("ip link add veth0 netns oracle0 type veth peer name veth1 netns oracle1")

    def make_lo(self):
        self.hosts[1].remove()
        self.hosts = self.hosts[:1] * 2
        self.devices = ["lo", "lo"]

    def make_bridge(self):
        """Its ports are the hosts' cables, it stands in the first host's namespace; its address is the first host's."""
        self.make_veth()
        self.hosts[0].run("ip link add br0 type bridge forward_delay 0; ip link set veth0 master br0 up")
        self.devices[0] = "br0"

    def make_vlan(self):
        self.make_veth()
        self.on_top("type vlan id 7")

    def make_macvlan(self):
        self.make_veth()
        self.on_top("type macvlan mode bridge")

    def on_top(self, words):
        for number, host in enumerate(self.hosts):
            host.run(f"ip link set veth{number} up; ip link add link veth{number} name top{number} {words}")
        self.devices = ["top0", "top1"]

    def make_vrf(self):
        self.make_veth()
        self.hosts[0].run("ip link add red type vrf table 10; ip link set red up; ip link set veth0 master red")

    def make_tun(self):
        self.devices = ["tun0", "tun1"]
        if not os.path.exists("/dev/net/tun"):
            run("modprobe tun")
        self.inspector = Inspector(self.hosts, self.devices)

    def offload(self, setting):
        """What a device does not let be changed stays."""
        words = " ".join(f"{name} {word}" for name, word in setting.items())
        devices = set(zip(self.devices, self.hosts))
        if self.kind in ("bridge", "vlan", "macvlan"):
            devices |= {("veth0", self.hosts[0]), ("veth1", self.hosts[1])}
        for device, host in devices if words else ():
            host.run(f"ethtool -K {device} {words} 2>&1 || true")

    def remove(self):
        if self.inspector:
            self.inspector.end()
        for host in set(self.hosts):
            host.remove()


class Inspector:
    """A cable between two tun devices: each packet is looked at, and carried over."""

    def __init__(self, hosts, devices):
        self.files = []
        self.problems, self.seen = [], 0
        for host, device in zip(hosts, devices):
            with host:
                fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            self.files.append(fd)
            with host:
                fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI))
        self.stop, self.stopped = os.pipe()
        self.thread = threading.Thread(target=self.carry)
        self.thread.start()

    def look(self, packet):
        kind = b"\x08\0" if packet[0] >> 4 == 4 else b"\x86\xdd"
        problems, protocol, data = segment(bytes(12) + kind + packet)
        if protocol is None:
            return
        self.seen += 1
        if len(packet) > 1500:
            problems.append(f"{len(packet)} octets")
        if checksum(data):
            problems.append("checksum")
        self.problems += problems

    def carry(self):
        other = dict(zip(self.files, reversed(self.files)))
        while True:
            for fd in select.select([*self.files, self.stop], [], [])[0]:
                if fd == self.stop:
                    return
                with contextlib.suppress(OSError):  # nothing there; the other end is not up
                    packet = os.read(fd, 65536)
                    self.look(packet)
                    os.write(other[fd], packet)

    def end(self):
        os.write(self.stopped, b"x")
        self.thread.join()
        for fd in (*self.files, self.stop, self.stopped):
            os.close(fd)


def counters(host):
    """Of /proc/net/xtcp_netstat."""
    with host, open("/proc/thread-self/net/xtcp_netstat", encoding="ascii") as file:
        names, values = (line.split()[1:] for line in file.readlines()[:2])
    return dict(zip(names, map(int, values)))


class OffloadTest(SocketTest):
    link = None

    @classmethod
    def setUpClass(cls):
        if PROTO != 253:
            raise unittest.SkipTest("of xtcp alone")
        if cls.link is None:
            raise unittest.SkipTest("no link")

    def make(self, host, family, wire):
        with host:
            sock = self.keep(socket.socket(family, socket.SOCK_STREAM, 253))
        sock.setsockopt(SOL_XTCP, WIRE_PROTOCOL, wire)
        return sock

    def through(self, link, family, wire):
        listener = self.make(link.hosts[1], family, wire)
        client = self.make(link.hosts[0], family, wire)
        if link.kind == "vrf":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"red")
        listener.bind((ADDRESSES[family][1], 0))
        listener.listen()
        client.connect(listener.getsockname())
        server = self.keep(listener.accept()[0])
        listener.close()
        return client, server

    def transfer(self, sender, receiver):
        thread = threading.Thread(target=sender.sendall, args=(TEXT,))
        thread.start()
        got = recv_exactly(receiver, len(TEXT))
        thread.join()
        self.assertEqual(got == TEXT, True)

    def exchange(self, link, family, wire):
        before = [counters(host) for host in link.hosts]
        ends = self.through(link, family, wire)
        self.transfer(*ends)
        self.transfer(*reversed(ends))
        for end in ends:
            end.close()
        for host, old in zip(link.hosts, before):
            new = counters(host)
            self.assertEqual({name: new[name] - old[name] for name in NEVER}, dict.fromkeys(NEVER, 0))


@contextlib.contextmanager
def linked(kind):
    link = Link(kind)
    try:
        yield link
    finally:
        link.remove()


class Devices(OffloadTest):
    """Both families, both protocols, both directions."""

    @classmethod
    def setUpClass(cls):
        if PROTO != 253:
            raise unittest.SkipTest("of xtcp alone")
        if os.geteuid():
            raise unittest.SkipTest("needs root")

    def all_settings(self, kind):
        with linked(kind) as link:
            for name, setting in SETTINGS.items():
                link.offload(setting)
                for family, wire in itertools.product(ADDRESSES, (253, 6)):
                    with self.subTest(setting=name, family=family.name, wire=wire):
                        self.exchange(link, family, wire)
            if link.inspector:
                self.assertEqual(link.inspector.problems, [])
                self.assertGreater(link.inspector.seen, 1000)

    def test_veth(self):
        self.all_settings("veth")

    def test_lo(self):
        self.all_settings("lo")

    def test_bridge(self):
        self.all_settings("bridge")

    def test_vlan(self):
        self.all_settings("vlan")

    def test_macvlan(self):
        self.all_settings("macvlan")

    def test_vrf(self):
        self.all_settings("vrf")

    def test_tun(self):
        self.all_settings("tun")


class Joined(OffloadTest):
    """How many segments come as one packet: counted where packets are counted, beside xtcp's own count of segments."""

    @classmethod
    def setUpClass(cls):
        if PROTO != 253:
            raise unittest.SkipTest("of xtcp alone")
        if os.geteuid():
            raise unittest.SkipTest("needs root")

    def segments_a_packet(self, link, family, wire):
        host, table = link.hosts[1], "inet counted"
        host.run(f"nft 'add table {table}; add chain {table} c {{ type filter hook input priority 0; }};"
                 f"add rule {table} c meta l4proto {wire} counter'")
        try:
            before = counters(host)["InSegs"]
            client, server = self.through(link, family, wire)
            self.transfer(client, server)
            words = host.run(f"nft list chain {table} c").split()
            return (counters(host)["InSegs"] - before) / int(words[words.index("packets") + 1])
        finally:
            host.run(f"nft delete table {table}")

    def each(self, setting, check, bound, gso=1):
        with linked("veth") as link:
            link.offload(setting)
            link.hosts[0].sysctl("xtcp/gso", gso)
            for family, wire in itertools.product(ADDRESSES, (253, 6)):
                with self.subTest(family=family.name, wire=wire):
                    check(self.segments_a_packet(link, family, wire), bound)

    def test_never_cut_up(self):
        self.each({}, self.assertGreater, LARGE)

    def test_cut_up(self):
        self.each(ALL_OFF, self.assertLess, SINGLE)

    def test_cut_up_and_joined_again(self):
        self.each({**ALL_OFF, "gro": "on", "rx": "on"}, self.assertGreater, LARGE)

    def test_knob(self):
        self.each({}, self.assertLess, SINGLE, gso=0)
