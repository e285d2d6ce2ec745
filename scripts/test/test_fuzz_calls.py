"""Random socket calls from eight threads in two processes, on sockets they share.

What a thread calls follows from the seed and its number alone, never from what a call gave: a seed repeats the calls,
though not how those of the threads interleave. XTCP_FUZZ_SEED picks it, XTCP_FUZZ_CALLS how many a thread makes.

The laws: no call outlasts its timeouts, none fails with an errno that its kind has no reason for, the kernel's log
stays clean (the harness looks), and when all is closed nothing is left behind.
"""
import contextlib
import ctypes
import errno
import faulthandler
import itertools
import json
import os
import pathlib
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

from test_admin import sockstat
from xtcp_sockets import LIBC, PATIENCE, PROTO, Child, SocketTest, libc, loopback_up, unshare_network

SEED = int(os.environ.get("XTCP_FUZZ_SEED", "253"))
CALLS, PROCESSES, THREADS = int(os.environ.get("XTCP_FUZZ_CALLS", "3000")), 2, 4
OVERDUE = PATIENCE  # what may block has timeouts of less than a second
SCRIPTS = pathlib.Path(__file__).parents[1]
KNOBS = "/proc/sys/net/xtcp/"
NOBODY = 65534

SLOTS = range(600, 616)  # file descriptors of the sockets, out of the way of those open() gives
PORTS = range(7000, 7004)
ROOM = 1 << 18  # octets of good memory each thread has; as many behind it are not there
SOL_XTCP = 253
NEW_TIMEOUTS = 66, 67  # SO_RCVTIMEO_NEW, SO_SNDTIMEO_NEW
SO_TIMESTAMP = 29
TCP_REPAIR = socket.IPPROTO_TCP, 19  # turns a socket of the kernel's TCP into something else
INT_MAX = (1 << 31) - 1
SPLICE_F_NONBLOCK, PROT_NONE, MAP_ANONYMOUS = 2, 0, 0x22
MSG_ZEROCOPY, MSG_FASTOPEN = 0x4000000, 0x20000000

SEND_FLAGS = (socket.MSG_DONTWAIT, socket.MSG_OOB, socket.MSG_MORE, socket.MSG_EOR, socket.MSG_NOSIGNAL,
              socket.MSG_DONTROUTE, MSG_ZEROCOPY, MSG_FASTOPEN)
RECV_FLAGS = (socket.MSG_DONTWAIT, socket.MSG_OOB, socket.MSG_PEEK, socket.MSG_WAITALL, socket.MSG_TRUNC,
              socket.MSG_ERRQUEUE, socket.MSG_CMSG_CLOEXEC)
IOCTLS = (0x541B, 0x5411, 0x894B, 0x8905, 0x5421, 0x5452, 0x8904, 0x8906, 0x8907, 0x8910, 0x8912)
LEVELS = socket.SOL_SOCKET, socket.IPPROTO_IP, socket.IPPROTO_IPV6, socket.IPPROTO_TCP, SOL_XTCP
FILES = "xtcp", "xtcp6", "xtcp_netstat", "xtcp_sockstat", "protocols"

# What a call may fail with, beside what any may: no such socket now, bad memory, no memory.
ANY = {errno.EBADF, errno.EFAULT, errno.ENOMEM, errno.ENOBUFS}
PEER = {errno.ECONNRESET, errno.ECONNREFUSED, errno.ECONNABORTED, errno.ETIMEDOUT, errno.EPIPE}  # its doing, or abort's
SIX = {errno.EPERM}  # by a knob or an option, wire protocol 6: not everybody may speak it
ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EADDRNOTAVAIL, errno.EINVAL, errno.EMSGSIZE,
         errno.EPROTO, errno.ENODEV}
MAY_FAIL = {
    "socket": set(),
    "bind": {errno.EINVAL, errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EACCES, errno.ENODEV} | SIX,
    "listen": {errno.EINVAL, errno.EADDRINUSE} | SIX,
    "accept": {errno.EINVAL, errno.EAGAIN} | PEER,
    "connect": {errno.EINPROGRESS, errno.EALREADY, errno.EISCONN, errno.EAGAIN, errno.EADDRINUSE,
                errno.EAFNOSUPPORT} | PEER | ROUTE | SIX,
    "send": {errno.EAGAIN, errno.ENOTCONN, errno.EINVAL, errno.EMSGSIZE, errno.EOPNOTSUPP, errno.EISCONN,
             errno.EALREADY, errno.EINPROGRESS, errno.EAFNOSUPPORT} | PEER | ROUTE | SIX,
    "recv": {errno.EAGAIN, errno.ENOTCONN, errno.EINVAL, errno.EMSGSIZE} | PEER | ROUTE,
    "shutdown": {errno.ENOTCONN, errno.EINVAL},
    "close": set(),
    "poll": {errno.EINVAL},
    "epoll": {errno.EEXIST, errno.ENOENT, errno.EINVAL},
    "setsockopt": {errno.EINVAL, errno.ENOPROTOOPT, errno.EPERM, errno.EACCES, errno.ENODEV, errno.ENOENT, errno.EPROTO,
                   errno.EOPNOTSUPP, errno.EADDRNOTAVAIL, errno.EDOM, errno.EISCONN, errno.ENOTCONN, errno.EMSGSIZE,
                   errno.ENOSPC, errno.EBUSY},
    "getsockopt": {errno.EINVAL, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.EPERM, errno.ENOTCONN, errno.ENODATA,
                   errno.EADDRNOTAVAIL, errno.ENOENT, errno.ENODEV},
    "ioctl": {errno.EINVAL, errno.ENOTTY, errno.ENOENT, errno.ENODEV},
    "name": {errno.EINVAL, errno.ENOTCONN},
    "knob": {errno.EPERM, errno.EACCES},
    "file": {errno.EACCES, errno.EPERM},
    "pass": {errno.EAGAIN},
}


def knob_values():
    """{knob: values to write}, by the module's table: ends of the range; short ones of times, for all to end soon."""
    values = {}
    table = subprocess.run([SCRIPTS / "knobs.py", "--json"], stdout=subprocess.PIPE, text=True, check=True).stdout
    for name, row in json.loads(table)["knobs"].items():
        text = row["range"]
        ends = [word for word in re.split(r"\.\.| or | ", text) if word]
        if name.endswith("_ms") and name != "paws_idle_ms":
            ends = [ends[0], str(max(int(ends[0]), min(int(ends[1]), 1000)))]
        elif "retries" in name or "linear" in name:
            ends = [ends[0], str(int(ends[0]) + 2)]
        values[name] = ends
    return values


# -- one thread -----------------------------------------------------------------------------------------------------


class Memory:
    """ROOM octets that are there, and as many behind them that are not."""

    def __init__(self, dice):
        LIBC.mmap.restype = ctypes.c_void_p
        self.base = LIBC.mmap(None, ctypes.c_size_t(2 * ROOM), 3, MAP_ANONYMOUS, -1, ctypes.c_long(0))
        libc("mprotect", ctypes.c_void_p(self.base + ROOM), ctypes.c_size_t(ROOM), PROT_NONE)
        self.dice = dice
        self.put(self.base, dice.randbytes(ROOM))

    @staticmethod
    def put(address, octets):
        ctypes.memmove(address, octets, len(octets))

    def good(self, count):
        """An address with so many octets; the first 64 KiB are for what put() writes."""
        return self.base + 65536 + self.dice.randrange(ROOM - 65536 - count + 1)

    def any(self, count):
        """Mostly good; or the end is not there, or nothing of it."""
        kind = self.dice.randrange(20)
        if kind == 0:
            return self.dice.choice((0, 1, -4096, 0xffff888000000000 - (1 << 64)))
        if kind == 1:
            return self.base + ROOM - self.dice.randrange(count + 1)
        return self.good(count)

    def holding(self, octets):
        """An address that has these octets; seldom one that has not."""
        if self.dice.randrange(30) == 0:
            return self.any(len(octets))
        address = self.base + self.dice.randrange(1024) * 32
        self.put(address, octets)
        return address


class Caller(threading.Thread):
    """Calls at random; `failure` says what broke a law."""

    def __init__(self, number, others):
        super().__init__(daemon=True)
        self.number, self.others = number, others
        self.dice = random.Random(SEED * 1000 + number)
        self.memory = Memory(self.dice)
        self.epoll = libc("epoll_create1", 0)
        self.pipe = os.pipe2(os.O_NONBLOCK)
        self.file = os.memfd_create("text")
        os.write(self.file, bytes(100000))
        self.count, self.now, self.since, self.failure = 0, "", None, None
        self.succeeded = set()

    def run(self):
        kinds = [(name, weight) for name, weight in KINDS if PROTO == 253 or name not in OF_XTCP]
        names, weights = zip(*kinds)
        weights = list(itertools.accumulate(weights))
        try:
            while self.count < CALLS:
                name, = self.dice.choices(names, cum_weights=weights)
                getattr(self, name)()
        except BaseException as error:  # pylint: disable=broad-except
            self.failure = f"{self.where()}: {error!r}"

    def where(self):
        return f"thread {self.number}, call {self.count}: {self.now}"

    def call(self, kind, name, *args):
        """One call of libc; None if it failed as it may."""
        return self.attempt(kind, f"{name}{args}", libc, name,
                            *(ctypes.c_long(-1 if arg is None else arg) for arg in args))

    def attempt(self, kind, words, function, *args):
        self.count += 1
        self.since, self.now = time.monotonic(), words
        try:
            result = function(*args)
            self.succeeded.add(kind)
            return result
        except OSError as error:
            if error.errno not in MAY_FAIL[kind] | ANY:
                raise
            return None
        finally:
            self.since = None

    # arguments

    def slot(self):
        return self.dice.choice(SLOTS)

    def chance(self, one_in):
        return self.dice.randrange(one_in) == 0

    def flags(self, known):
        if self.chance(40):
            return self.dice.getrandbits(31)
        return sum(flag for flag in known if self.chance(6))

    def size(self):
        return self.dice.choice((0, 1, 7, 100, 1460, 5000, 65536, 150000))

    def address(self, family):
        """(octets of a sockaddr, its length)"""
        port = struct.pack("!H", self.dice.choice(PORTS) if not self.chance(10) else self.dice.choice((0, 1, 65535)))
        if family == socket.AF_INET:
            host = self.dice.choice(["127.0.0.1"] * 12 + ["127.0.0.2", "0.0.0.0", "10.9.9.9", "224.0.0.1",
                                                           "255.255.255.255"])
            octets = struct.pack("=H", family) + port + socket.inet_aton(host) + bytes(8)
        else:
            host = self.dice.choice(["::1"] * 6 + ["::ffff:127.0.0.1"] * 4 +
                                    ["::", "::ffff:0.0.0.0", "fe80::1", "ff02::1", "2001:db8::1"])
            octets = (struct.pack("=H", family) + port + bytes(4) + socket.inet_pton(family, host) +
                      struct.pack("=I", self.chance(3)))
        length = len(octets)
        if self.chance(30):
            octets = struct.pack("=H", self.dice.choice((0, 1, 2, 10, 17, 300))) + octets[2:]
        if self.chance(40):
            length = self.dice.choice((0, 1, 2, 8, 15, 24, 27, 128, 129, -1, INT_MAX))
        return octets.ljust(128, b"\0"), length

    def family(self):
        return self.dice.choice((socket.AF_INET, socket.AF_INET6))

    def sockaddr(self):
        """(address in memory, length)"""
        octets, length = self.address(self.family())
        return self.memory.holding(octets), length

    def timeval(self):
        return struct.pack("ll", 0, self.dice.randrange(1, 200000))

    def iovec(self):
        """(address, count) of an array of pieces."""
        count = self.dice.choice((0, 1, 1, 1, 2, 3, 8))
        pieces = b""
        for _ in range(count):
            size = self.size()
            pieces += struct.pack("qQ", self.memory.any(size),
                                  size if not self.chance(60) else self.dice.getrandbits(64))
        return self.memory.holding(pieces), count if not self.chance(60) else self.dice.choice((1025, -1))

    def msghdr(self, control):
        name, name_len = self.sockaddr() if self.chance(8) else (0, 0)
        vector, count = self.iovec()
        header = struct.pack("qI4xqqqQi4x", name, name_len & 0xffffffff, vector, count, self.memory.holding(control) if
                             control else 0, len(control), 0)
        return self.memory.holding(header)

    def control(self):
        """Of a message to be sent."""
        if not self.chance(6):
            return b""
        level, kind = self.dice.choice(LEVELS), self.dice.choice((1, 2, 8, 36, 37, 50, 61, self.dice.randrange(80)))
        text = self.dice.choice((struct.pack("i", self.dice.choice((0, 1, 64, -1))), self.dice.randbytes(20)))
        octets = struct.pack("Qii", 16 + len(text), level, kind) + text
        return octets if not self.chance(10) else self.dice.randbytes(self.dice.randrange(64))

    # calls

    def put_in_slot(self, fd):
        """Whoever was there is closed, perhaps in the middle of another's call. None: there is no socket after all."""
        slot = self.slot()
        if fd is not None:
            self.call("close", "dup3", fd, slot, os.O_CLOEXEC)
            os.close(fd)

    def fresh(self, family):
        """A new socket with timeouts."""
        kind = socket.SOCK_STREAM | (socket.SOCK_NONBLOCK if self.chance(4) else 0)
        protocol = 6 if self.chance(20) else PROTO
        timeouts = self.timeval(), self.timeval()
        fd = self.call("socket", "socket", int(family), int(kind), protocol)
        for name, value in zip((socket.SO_RCVTIMEO, socket.SO_SNDTIMEO), timeouts):
            self.set(fd, name, value)
        return fd

    def set(self, fd, name, value, level=socket.SOL_SOCKET):
        address = self.memory.good(len(value))
        self.memory.put(address, value)
        self.call("setsockopt", "setsockopt", fd, level, name, address, len(value))

    def new(self):
        self.put_in_slot(self.fresh(self.family()))

    def server(self):
        family = self.family()
        fd = self.fresh(family)
        self.set(fd, self.dice.choice((socket.SO_REUSEADDR, socket.SO_REUSEPORT)), struct.pack("i", 1))
        self.set(fd, socket.TCP_FASTOPEN, struct.pack("i", self.dice.choice((0, 1, 100))), socket.IPPROTO_TCP)
        octets, length = self.address(family)
        self.call("bind", "bind", fd, self.memory.holding(octets), length)
        self.call("listen", "listen", fd, self.dice.choice((0, 1, 16)))
        self.put_in_slot(fd)

    def client(self):
        family = self.family()
        octets, length = self.address(family)
        fd = self.fresh(family)
        self.call("connect", "connect", fd, self.memory.holding(octets), length)
        self.put_in_slot(fd)

    def fast_client(self):
        """Its text goes with the SYN, perhaps."""
        family, size = self.family(), self.size()
        octets, length = self.address(family)
        fd = self.fresh(family)
        self.call("send", "sendto", fd, self.memory.any(size), size, self.flags(SEND_FLAGS) | MSG_FASTOPEN,
                  self.memory.holding(octets), length)
        self.put_in_slot(fd)

    def pair(self):
        """A connection that is there for certain, almost."""
        family = self.family()
        sockaddr = struct.pack("=H", family) + bytes(2)
        sockaddr += socket.inet_aton("127.0.0.1") + bytes(8) if family == socket.AF_INET else \
            bytes(4) + socket.inet_pton(family, "::1") + bytes(4)
        listener, client = self.fresh(family), self.fresh(family)
        address, length = self.memory.good(28), self.memory.good(4)
        self.memory.put(address, sockaddr)
        self.memory.put(length, struct.pack("i", len(sockaddr)))
        self.call("bind", "bind", listener, address, len(sockaddr))
        self.call("listen", "listen", listener, 1)
        self.call("name", "getsockname", listener, address, length)
        self.call("connect", "connect", client, address, len(sockaddr))
        server = self.call("accept", "accept4", listener, 0, 0, 0)
        self.call("close", "close", listener)
        for fd in (client, server):
            self.put_in_slot(fd)

    def bind(self):
        self.call("bind", "bind", self.slot(), *self.sockaddr())

    def listen(self):
        self.call("listen", "listen", self.slot(), self.dice.choice((0, 1, 5, 128, -1, INT_MAX)))

    def accept(self):
        length = self.memory.holding(struct.pack("i", self.dice.choice((0, 16, 28, 128, -1))))
        name, length = self.dice.choice(((0, 0), (self.memory.any(128), length)))
        flags = self.flags((socket.SOCK_NONBLOCK, socket.SOCK_CLOEXEC))
        self.put_in_slot(self.call("accept", "accept4", self.slot(), name, length, flags))

    def connect(self):
        self.call("connect", "connect", self.slot(), *self.sockaddr())

    def disconnect(self):
        self.call("connect", "connect", self.slot(), self.memory.holding(bytes(16)), 16)

    def send(self):
        size = self.size()
        self.call("send", "sendto", self.slot(), self.memory.any(size), size, self.flags(SEND_FLAGS), 0, 0)

    def sendmsg(self):
        self.call("send", "sendmsg", self.slot(), self.msghdr(self.control()), self.flags(SEND_FLAGS))

    def sendfile(self):
        self.call("send", "sendfile", self.slot(), self.file, self.memory.holding(bytes(8)), self.size())

    def recv(self):
        size = self.size()
        self.call("recv", "recvfrom", self.slot(), self.memory.any(size), size, self.flags(RECV_FLAGS), 0, 0)

    def recvmsg(self):
        self.call("recv", "recvmsg", self.slot(), self.msghdr(bytes(self.dice.choice((0, 0, 1, 24, 500)))),
                  self.flags(RECV_FLAGS))

    def splice(self):
        way, flags, size = self.chance(2), SPLICE_F_NONBLOCK | self.dice.randrange(16), self.size()
        if way:
            self.call("send", "splice", self.pipe[0], 0, self.slot(), 0, size, flags)
        else:
            self.call("recv", "splice", self.slot(), 0, self.pipe[1], 0, size, flags)

    def shutdown(self):
        self.call("shutdown", "shutdown", self.slot(), self.dice.choice((0, 1, 2, 2, 3, -1)))

    def close(self):
        self.call("close", "close", self.slot())

    def poll(self):
        slots = self.dice.sample(SLOTS, self.dice.randrange(1, 8))
        octets = b"".join(struct.pack("iHH", slot, self.dice.getrandbits(16), 0) for slot in slots)
        self.call("poll", "poll", self.memory.holding(octets), len(slots), self.dice.choice((0, 0, 20)))

    def epoll_ctl(self):
        event = struct.pack("=Iq", self.dice.getrandbits(32) & 0xe000201f, 0)
        self.call("epoll", "epoll_ctl", self.epoll, self.dice.randrange(1, 4), self.slot(), self.memory.holding(event))

    def epoll_wait(self):
        self.call("epoll", "epoll_wait", self.epoll, self.memory.good(96), 8, self.dice.choice((0, 0, 20)))

    def option(self):
        level = self.dice.choice(LEVELS) if not self.chance(40) else self.dice.getrandbits(32)
        high = {SOL_XTCP: 11, socket.IPPROTO_TCP: 45}.get(level, 82)
        name = self.dice.randrange(high) if not self.chance(40) else self.dice.getrandbits(31)
        return level, name if (level, name) != TCP_REPAIR else 0

    def value(self, level, name):
        """Octets of an option's value. What has a say in how long something takes gets small ones."""
        dice = self.dice
        if level == socket.SOL_SOCKET and name in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO, *NEW_TIMEOUTS):
            return self.timeval()
        if level == socket.SOL_SOCKET and name == socket.SO_LINGER:
            return struct.pack("ii", dice.choice((0, 1, 1)), dice.choice((0, 0, 1)))
        if level == SOL_XTCP:
            return struct.pack("i", dice.choice((-1, -1, 0, 1, 2, 3, 6, 100, 253, 1000)))
        if level == socket.IPPROTO_TCP and name in (socket.TCP_LINGER2, socket.TCP_DEFER_ACCEPT, socket.TCP_SYNCNT):
            return struct.pack("i", dice.choice((-1, 0, 1, 2)))
        if level == socket.SOL_SOCKET and name in (26, 51):  # SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF
            program = struct.pack("HBBI", 6, 0, 0, dice.choice((0, 1, 20, 60, INT_MAX)))
            return struct.pack("H6xq", 1, self.memory.holding(program))
        kind = dice.randrange(8)
        if kind == 0:
            return dice.randbytes(dice.randrange(100))
        if kind == 1:
            ip_options = bytes((7, 7, 4, 0, 0, 0, 0, 1)), bytes((0, 0, 1, 4, 0, 0, 0, 0))
            return dice.choice((b"lo", b"reno", b"cubic", *ip_options))
        return struct.pack("i", dice.choice((0, 1, 1, 2, 3, 4, 100, 1000, 65536, 1 << 20, -1, INT_MAX, -INT_MAX - 1,
                                             dice.getrandbits(31))))

    def setsockopt(self):
        level, name = self.option()
        octets = self.value(level, name)
        length = len(octets) if not self.chance(12) else self.dice.choice((0, 1, 3, 4, 100, 1000, -1, INT_MAX))
        self.call("setsockopt", "setsockopt", self.slot(), level, name, self.memory.holding(octets), length)

    def getsockopt(self):
        length = struct.pack("i", self.dice.choice((4, 4, 0, 1, 3, 8, 100, 1000, -1, INT_MAX)))
        self.call("getsockopt", "getsockopt", self.slot(), *self.option(), self.memory.any(2000),
                  self.memory.holding(length))

    def ioctl(self):
        request = self.dice.choice(IOCTLS)
        if self.chance(10):
            request = 0x5400 + self.dice.randrange(256)
        self.call("ioctl", "ioctl", self.slot(), request, self.memory.holding(struct.pack("iii", self.chance(4), 0, 0)))

    def names(self):
        length = self.memory.holding(struct.pack("i", self.dice.choice((0, 5, 16, 28, 128, -1))))
        self.call("name", self.dice.choice(("getsockname", "getpeername")), self.slot(), self.memory.any(128), length)

    def hand_over(self):
        """A socket to the other process, or one from it."""
        slot = self.slot()
        if self.chance(2):
            self.attempt("pass", f"pass {slot}", socket.send_fds, self.others, [b"x"], [slot])
        else:
            got = self.attempt("pass", "take", socket.recv_fds, self.others, 1, 1)
            for fd in got[1] if got else ():
                os.dup2(fd, slot, False)
                os.close(fd)

    # of xtcp only

    @staticmethod
    def write(path, text):
        fd = os.open(path, os.O_WRONLY)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)

    def knob(self):
        name = self.dice.choice(list(VALUES))
        text = self.dice.choice(VALUES[name])
        self.attempt("knob", f"{name} = {text}", self.write, KNOBS + name, text)

    def file_read(self):
        name = self.dice.choice(FILES)
        size = self.dice.choice((1 << 20, 4096, 100))

        def read():
            with open("/proc/net/" + name, "rb", buffering=0) as file:
                while file.read(size):
                    pass
        self.attempt("file", "read " + name, read)

    def abort(self):
        self.attempt("file", "abort all", self.write, "/proc/net/xtcp_abort", "all")


KINDS = (("new", 2), ("server", 4), ("client", 5), ("fast_client", 4), ("pair", 8), ("bind", 3), ("listen", 3),
         ("accept", 10), ("connect", 5), ("disconnect", 3), ("send", 12), ("sendmsg", 12), ("sendfile", 4),
         ("recv", 12), ("recvmsg", 12), ("splice", 6), ("shutdown", 4), ("close", 2), ("poll", 6), ("epoll_ctl", 5),
         ("epoll_wait", 4), ("setsockopt", 30), ("getsockopt", 12), ("ioctl", 8), ("names", 4), ("hand_over", 5),
         ("knob", 2), ("file_read", 1), ("abort", 0.1))
OF_XTCP = {"knob", "file_read", "abort"}
VALUES = knob_values()


# -- one process ------------------------------------------------------------------------------------------------------


def report_overdue(caller):
    """Where it is, in the program and in the kernel."""
    print(f"make fuzz N=1 SEED={SEED}: hangs: {caller.where()}", file=sys.__stderr__)
    faulthandler.dump_traceback(sys.__stderr__)
    for task in pathlib.Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            print(task.name, (task / "stack").read_text(), file=sys.__stderr__)
    sys.__stderr__.flush()
    raise AssertionError(f"hangs: {caller.where()}")


def kinds_to_succeed(process):
    """Each kind that can."""
    kinds = set(MAY_FAIL)
    if PROTO != 253:
        kinds -= {"knob", "file"}
    return kinds - {"knob"} if process % 2 else kinds


def call_at_random(process, others):
    """The threads of one process; the odd ones have no privilege."""
    for number in signal.SIGIO, signal.SIGURG, signal.SIGPIPE:
        signal.signal(number, signal.SIG_IGN)
    if process % 2:
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
    callers = [Caller(process * THREADS + i, others) for i in range(THREADS)]
    for caller in callers:
        caller.start()
    while any(caller.is_alive() for caller in callers):
        time.sleep(0.1)
        for caller in callers:
            since = caller.since
            if since and caller.is_alive() and time.monotonic() - since > OVERDUE:
                report_overdue(caller)
    failures = [caller.failure for caller in callers if caller.failure]
    failures += [f"process {process}: no {kind} ever succeeded" for kind in kinds_to_succeed(process).difference(
        *(caller.succeeded for caller in callers))]
    if failures:
        raise AssertionError("\n".join(failures))


class Calls(SocketTest):
    def test_random_calls(self):
        print(f"# seed {SEED}", flush=True)
        try:
            self.in_child(self.round)
        except AssertionError as error:
            raise AssertionError(f"{error}\nagain: make fuzz N=1 SEED={SEED}") from None

    def round(self):
        unshare_network()
        loopback_up()
        # Whether packets are stamped is written into the kernel's text; QEMU traps now and then while that changes.
        stamped = self.socket()
        stamped.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMP, 1)
        if PROTO == 253:
            self.write_file(KNOBS + "fin_timeout_ms", 1000)  # who waits already when that ends, waits as long as it was
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for end in ours, theirs:
            end.setblocking(False)
        sockets_before = sockstat()["alloc"] if PROTO == 253 else 0
        processes = [Child(lambda i=i, s=s: call_at_random(i, s)) for i, s in enumerate((ours, theirs))]
        ours.close()
        theirs.close()
        for process in processes:
            process.result()
        if PROTO == 253:
            self.assert_nothing_left(sockets_before)

    def assert_nothing_left(self, sockets_before):
        """Orphans, half-open connections and TIME_WAITs end by themselves, in the times the knobs say."""
        for name, value in (("msl_ms", 1), ("fin_timeout_ms", 1), ("orphan_retries", 1), ("synack_retries", 0),
                            ("synack_linear_timeouts", 0)):
            self.write_file(KNOBS + name, value)
        gauges = "inuse", "orphan", "halfopen", "tw"
        self.eventually(lambda: [sockstat()[name] for name in gauges], [0] * len(gauges))
        self.eventually(lambda: sockstat()["alloc"] <= sockets_before)


if __name__ == "__main__":
    unittest.main()
