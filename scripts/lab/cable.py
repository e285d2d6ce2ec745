"""Two hosts, each a network namespace, and a cable between them that this process is.

Each host's only device is a TUN, whose other end is read and written here: what leaves a host is a packet in our
hands, and it arrives when we write it into the other host's. In between, rules say what happens to it. Where time is
virtual it passes only while everything sleeps, so neither reading nor deciding takes any.
"""
import ctypes
import dataclasses
import fcntl
import heapq
import itertools
import os
import select
import struct
import subprocess
import time

import segment as segments

CLONE_NEWNET, TUNSETIFF, IFF_TUN_NO_PI = 0x40000000, 0x400454CA, 0x1001
TFD_NONBLOCK, TFD_TIMER_ABSTIME, CLOCK_MONOTONIC = 0o4000, 1, 1
LIBC = ctypes.CDLL(None, use_errno=True)
now_ns = time.monotonic_ns


def call(name, *args):
    """A C function; raises OSError."""
    result = getattr(LIBC, name)(*args)
    if result == -1:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


class Host:
    """A network namespace. As a context: this thread is in it."""

    def __init__(self, name, address):
        self.name, self.address, self.outside = name, address, []
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        call("unshare", CLONE_NEWNET)
        self.namespace = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self.tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.tun, TUNSETIFF, struct.pack("16sH22x", b"cable", IFF_TUN_NO_PI))
        self.sysctl("net/ipv6/conf/cable/disable_ipv6", 1)
        self.run(f"ip addr add {address}/24 dev cable && ip link set cable txqueuelen 10000 up && ip link set lo up")
        call("setns", home, CLONE_NEWNET)
        os.close(home)

    def __enter__(self):
        self.outside.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))
        call("setns", self.namespace, CLONE_NEWNET)
        return self

    def __exit__(self, *_):
        home = self.outside.pop()
        call("setns", home, CLONE_NEWNET)
        os.close(home)

    @staticmethod
    def run(command):
        """A command in the namespace this thread is in."""
        done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{command}: {done.stderr or done.stdout}")
        return done.stdout

    @staticmethod
    def sysctl(name, value=None):
        """Read or write /proc/sys/NAME of the namespace this thread is in."""
        with open(f"/proc/sys/{name}", "r" if value is None else "w", encoding="ascii") as file:
            if value is None:
                return file.read().strip()
            return file.write(f"{value}\n")

    def remove(self):
        os.close(self.tun)
        os.close(self.namespace)


@dataclasses.dataclass(eq=False)
class Trip:
    """A packet's way over the cable: the row of a ladder."""
    sender: str  # the host's name
    at_ns: int
    segment: segments.Segment
    injected: str = ""  # what it is, if no socket sent it at this moment: "old", "made up"
    lost: str = ""  # why
    arrivals_ns: list = dataclasses.field(default_factory=list)
    held: bool = False
    spoilt: bool = False


@dataclasses.dataclass
class Rule:
    """What happens to segments that match: `times` of them, after `skip` that pass."""
    action: str  # lose, delay, duplicate, hold, spoil
    what: object
    sender: str
    times: float
    skip: int
    value: float = 0
    done: int = 0

    def takes(self, trip):
        if self.done >= self.times or self.sender not in ("", trip.sender) or not trip.segment.is_(self.what):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.done += 1
        return True


class Cable:  # pylint: disable=too-many-instance-attributes
    """Both ends, what is under way, and the clock of the run."""

    def __init__(self, hosts, delay_ms):
        self.hosts = {host.name: host for host in hosts}
        self.delay_ns = {host.name: int(delay_ms * 1e6) for host in hosts}  # one way, by sender
        self.rate = {host.name: 0 for host in hosts}  # bits per second, 0: none
        self.queue_limit = {host.name: 1000 for host in hosts}  # packets that may wait where there is a rate
        self.free_ns = {host.name: 0 for host in hosts}  # when the line is free again
        self.waiting = {host.name: [] for host in hosts}  # when each packet in the queue leaves it
        self.rules, self.trips, self.under_way, self.order = [], [], [], itertools.count()
        self.jobs = {}  # fd: (events, function), which gives True to stay
        self.on_trip = self.on_arrival = lambda trip: None
        self.timer = call("timerfd_create", CLOCK_MONOTONIC, TFD_NONBLOCK)

    def other(self, name):
        return next(host for host in self.hosts.values() if host.name != name)

    # -- packets

    def take(self):
        """What the hosts have sent; gives whether that was something."""
        some = False
        for host in self.hosts.values():
            while True:
                try:
                    packet = os.read(host.tun, 65536)
                except BlockingIOError:
                    break
                some = True
                self.decide(Trip(host.name, now_ns(), segments.parse(packet)))
        return some

    def decide(self, trip):
        self.trips.append(trip)
        self.on_trip(trip)
        extra_ns = copies = 0
        for rule in self.rules:
            if not rule.takes(trip):
                continue
            if rule.action == "lose":
                trip.lost = "lost"
                return
            if rule.action == "hold":
                trip.held = True
                return
            if rule.action == "delay":
                extra_ns += int(rule.value * 1e6)
            elif rule.action == "duplicate":
                copies += 1
                self.send(trip, extra_ns + int(rule.value * 1e6))
            elif rule.action == "spoil":
                trip.spoilt = True
        self.send(trip, extra_ns)

    def send(self, trip, extra_ns=0):
        """Put it on the line, behind what waits for that."""
        leaves = now = now_ns()
        rate = self.rate[trip.sender]
        if rate:
            queue = self.waiting[trip.sender] = [at for at in self.waiting[trip.sender] if at > now]
            if len(queue) > self.queue_limit[trip.sender]:
                trip.lost = "queue full"
                return
            leaves = max(now, self.free_ns[trip.sender]) + len(trip.segment.packet) * 8 * 10**9 // rate
            self.free_ns[trip.sender] = leaves
            queue.append(leaves)
        self.carry(trip, leaves + self.delay_ns[trip.sender] + extra_ns)

    def carry(self, trip, due_ns):
        heapq.heappush(self.under_way, (due_ns, next(self.order), trip))

    def deliver(self):
        """One packet that is due; gives whether there was one."""
        if not self.under_way or self.under_way[0][0] > now_ns():
            return False
        trip = heapq.heappop(self.under_way)[2]
        trip.arrivals_ns.append(now_ns())
        packet = trip.segment.packet
        if trip.spoilt:
            packet = packet[:-1] + bytes([packet[-1] ^ 0xFF])
        os.write(self.other(trip.sender).tun, packet)
        self.take()
        self.on_arrival(trip)
        return True

    # -- time

    def turn(self, end_ns, watch=None):
        """Do what is due, or sleep until something is; watch is (fd, events). Gives what poll() said of that fd."""
        if self.take() or self.deliver():
            return 0
        due = min([end_ns] + [trip[0] for trip in self.under_way[:1]])
        at = struct.pack("qqqq", 0, 0, due // 10**9, max(due % 10**9, 1))
        call("timerfd_settime", self.timer, TFD_TIMER_ABSTIME, at, None)
        poll = select.poll()
        for fd in [self.timer] + [host.tun for host in self.hosts.values()]:
            poll.register(fd, select.POLLIN)
        for fd, (events, _) in self.jobs.items():
            poll.register(fd, events)
        if watch:
            poll.register(*watch)
        said = dict(poll.poll())
        for fd in said.keys() & self.jobs.keys():
            if not self.jobs[fd][1]():
                self.jobs.pop(fd, None)
        return said.get(watch[0], 0) if watch else 0

    def run(self, end_ns, until=None, watch=None):
        """Let time pass to end_ns, or until the function says so, or poll() something of watch's; gives that, or 0."""
        turns = 0
        while not (until and until()):
            if said := self.turn(end_ns, watch):
                return said
            if now_ns() >= end_ns and not self.take():
                return 0
            turns += 1
            if turns > 3000000:
                raise RuntimeError("the run does not come to its end")
        return 1

    def remove(self):
        os.close(self.timer)
        for host in self.hosts.values():
            host.remove()
