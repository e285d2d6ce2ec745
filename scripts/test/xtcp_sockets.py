"""What all socket tests share: sockets of the protocol under test, deadlines, threads, children.

XTCP_PROTO is the IP protocol to test: 253 (default) for xtcp, 6 for the kernel's own TCP, which is the oracle.
"""
import contextlib
import ctypes
import errno
import faulthandler
import fcntl
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
import traceback
import unittest

PROTO = int(os.environ.get("XTCP_PROTO", "253"))
LOCALHOST = "127.0.0.1"


def clock():
    """
    What makes time pass here, by the kernel's command line (run.sh --virtual): "wall" a clock on it, which others on
    the machine can make us miss; "virtual", in UML, waiting alone: who spins on it never sees it move; "counted", in a
    VM, waiting and instructions, a nanosecond each (it leaps when something comes from the host).
    """
    with open("/proc/cmdline", encoding="ascii", errors="replace") as file:
        words = file.read()
    return "virtual" if "time-travel=" in words else "counted" if "XTCPTIME=counted" in words else "wall"


CLOCK = clock()
PATIENCE = 60 if CLOCK == "virtual" else 300  # s, for what should happen at once
TEST_LIMIT = 3 * PATIENCE  # s, then a test counts as hanging
A_WHILE = 0.15  # s, long enough to see that something does not happen

ESTABLISHED, SYN_SENT, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN = 1, 2, 4, 5, 6, 7, 8, 9, 10
SOL_TCP = 6  # the level of TCP_* options, whatever the protocol
SO_ACCEPTCONN, SO_PROTOCOL, SO_DOMAIN, SO_PEEK_OFF = 30, 38, 39, 42
IP_FREEBIND, IP_BIND_ADDRESS_NO_PORT, IP_LOCAL_PORT_RANGE = 15, 24, 51
SIOCINQ, SIOCOUTQ, SIOCOUTQNSD = 0x541B, 0x5411, 0x894B
CLONE_NEWNET = 0x40000000

LIBC = ctypes.CDLL(None, use_errno=True)
KERNEL = tuple(map(int, os.uname().release.split("-")[0].split(".")[:2]))


class Hang(Exception):
    """Something took for ever."""


# -- system calls without Python's help ---------------------------------------------------------------------------


def libc(name, *args):
    """Call a C function: no retry after EINTR, no check of arguments. Gives its result or raises OSError."""
    result = getattr(LIBC, name)(*args)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def sockaddr(host, port, family=socket.AF_INET):
    return struct.pack("=H", family) + struct.pack("!H", port) + socket.inet_aton(host) + bytes(8)


def raw_connect(sock, address, family=socket.AF_INET):
    data = sockaddr(*address, family)
    return libc("connect", sock.fileno(), data, len(data))


def disconnect(sock):
    return raw_connect(sock, ("0.0.0.0", 0), socket.AF_UNSPEC)


def ioctl_int(sock, request):
    return struct.unpack("i", fcntl.ioctl(sock, request, bytes(4)))[0]


def error_of(sock):
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def tcp_state(sock):
    return sock.getsockopt(SOL_TCP, socket.TCP_INFO, 1)[0]


def set_linger(sock, on, seconds):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", on, seconds))


def set_timeout(sock, option, seconds):
    """SO_RCVTIMEO or SO_SNDTIMEO: the kernel's timeout, not Python's."""
    value = struct.pack("ll", int(seconds), int(seconds % 1 * 1000000))
    sock.setsockopt(socket.SOL_SOCKET, option, value)


def reset(sock):
    """Close with RST."""
    set_linger(sock, 1, 0)
    sock.close()


def unshare_network():
    """Enter an empty network namespace (in a child process!)."""
    try:
        libc("unshare", CLONE_NEWNET)
    except OSError as error:
        raise unittest.SkipTest(f"no new network namespace: {error}")


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        siocsifflags, iff_up = 0x8914, 1
        fcntl.ioctl(any_socket, siocsifflags, struct.pack("16sh14x", b"lo", iff_up))


def await_local(address):
    """Wait until packets for this IPv6 address of ours come here: a worker makes that route, after `ip addr add`."""
    wanted = socket.inet_pton(socket.AF_INET6, address).hex() + " 80 "
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with open("/proc/thread-self/net/ipv6_route", encoding="ascii") as routes:
            if any(line.startswith(wanted) for line in routes):
                return
        time.sleep(0.003)
    raise Hang(f"no route to {address}")


# -- data -------------------------------------------------------------------------------------------------------------


def recv_exactly(sock, count):
    """Read count bytes, fewer only at the end of the stream."""
    data = bytearray()
    while len(data) < count:
        chunk = sock.recv(min(count - len(data), 1 << 20))
        if not chunk:
            break
        data += chunk
    return bytes(data)


def recv_all(sock):
    """Read to the end of the stream."""
    return b"".join(iter(lambda: sock.recv(1 << 20), b""))


def fill(sock):
    """Send zeros until no more go in and none leave; gives their count."""
    count, block = 0, bytes(65536)
    while True:
        try:
            count += sock.send(block, socket.MSG_DONTWAIT)
        except BlockingIOError:
            if not events(sock, select.POLLOUT, A_WHILE):
                return count


# -- poll -------------------------------------------------------------------------------------------------------------

NAMES = ("IN", "PRI", "OUT", "ERR", "HUP", "NVAL", "RDHUP")
BITS = (1, 2, 4, 8, 16, 32, 0x2000)


def event_names(mask):
    return " ".join(name for name, bit in zip(NAMES, BITS) if mask & bit)


def events(sock, wanted=select.POLLIN | select.POLLOUT | select.POLLRDHUP, timeout=0):
    """What poll() says, in words: 'IN OUT'. POLLPRI is not asked for."""
    poll = select.poll()
    poll.register(sock, wanted)
    return event_names(sum(mask for _, mask in poll.poll(timeout * 1000)))


# -- things that run beside the test ----------------------------------------------------------------------------------


class Task:
    """A function in a thread. result() is what it returned or raises what it raised."""

    def __init__(self, function, *args):
        self.value = self.error = None
        self.thread = threading.Thread(target=self.run, args=(function, args), daemon=True)
        self.thread.start()

    def run(self, function, args):
        try:
            self.value = function(*args)
        except BaseException as error:  # pylint: disable=broad-except
            self.error = error

    def ends_within(self, seconds):
        self.thread.join(seconds)
        return not self.thread.is_alive()

    def result(self):
        if not self.ends_within(PATIENCE):
            raise Hang("a thread does not end")
        if self.error:
            raise self.error
        return self.value


class Child:
    """
    A function in a forked process. result() waits for it and raises its failure or skip here. Its own children end
    with it.
    """

    own_report = None  # where this process says how it ended, if it is a child itself
    born = []  # of this process

    def __init__(self, function):
        self.status = None
        reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self.run(function, writer)
        os.close(writer)
        self.report = open(reader, encoding="utf-8")
        Child.born.append(self)

    @staticmethod
    def run(function, writer):
        if Child.own_report is not None:
            os.close(Child.own_report)  # our parent's: its end must not wait for ours
        Child.own_report, Child.born = writer, []
        text = "ended in an unknown way"
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(TEST_LIMIT)
            function()
            text = ""
        except unittest.SkipTest as skip:
            text = "skip " + str(skip)
        except BaseException:  # pylint: disable=broad-except
            text = traceback.format_exc()
        finally:
            for child in Child.born:
                child.kill()
            os.write(writer, text.encode())
            os._exit(1 if text else 0)

    def wait(self):
        """Gives the exit status, negative for a signal."""
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status

    def result(self):
        text = self.report.read()
        status = self.wait()
        if text.startswith("skip "):
            raise unittest.SkipTest(text[5:])
        if status != 0:
            raise AssertionError(f"in the child (status {status}): {text}")

    def kill(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()

    def clean_up(self):
        self.kill()
        self.report.close()


class Interruptions:
    """Meanwhile the main thread gets SIGUSR1 every 20 ms, with a handler that does nothing."""

    def __init__(self, restart):
        self.restart, self.sent, self.done = restart, 0, threading.Event()

    def __enter__(self):
        self.old = signal.signal(signal.SIGUSR1, lambda *_: None)
        signal.siginterrupt(signal.SIGUSR1, not self.restart)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def run(self):
        while not self.done.wait(0.02):
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
            self.sent += 1

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        signal.signal(signal.SIGUSR1, self.old)


# -- the test case ----------------------------------------------------------------------------------------------------


class SocketTest(unittest.TestCase):
    """Makes sockets that are closed at the end and turns a hang into a failure of the test that hangs."""

    def setUp(self):
        faulthandler.dump_traceback_later(2 * TEST_LIMIT, exit=True, file=sys.__stderr__)
        self.addCleanup(faulthandler.cancel_dump_traceback_later)
        old = signal.signal(signal.SIGALRM, self.on_alarm)
        self.addCleanup(signal.signal, signal.SIGALRM, old)
        signal.alarm(TEST_LIMIT)
        self.addCleanup(signal.alarm, 0)

    def on_alarm(self, *_):
        faulthandler.dump_traceback(sys.__stderr__)
        raise Hang(f"{self.id()} hangs")

    # making sockets

    def keep(self, sock):
        """Close the socket at the end of the test, waking whoever sleeps in it."""
        self.addCleanup(self.drop, sock)
        return sock

    @staticmethod
    def drop(sock):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()

    def socket(self, flags=0):
        return self.keep(socket.socket(socket.AF_INET, socket.SOCK_STREAM | flags, PROTO))

    def bound(self, host=LOCALHOST, port=0, reuseaddr=False, reuseport=False):
        sock = self.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuseaddr)
        if reuseport:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
        return sock

    def listener(self, backlog=128, **how):
        sock = self.bound(**how)
        sock.listen(backlog)
        return sock

    def accept(self, listener):
        return self.keep(listener.accept()[0])

    def connected(self, listener):
        client = self.socket()
        client.connect(listener.getsockname())
        return client

    def pair(self, listener=None):
        """A connection: (client, server)."""
        listener = listener or self.listener()
        client = self.connected(listener)
        return client, self.accept(listener)

    def small_pair(self):
        """A connection that holds little data, so that it is full soon."""
        listener = self.listener()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        client = self.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
        client.connect(listener.getsockname())
        return client, self.accept(listener)

    def nonblocking(self, address):
        """A socket that has begun to connect."""
        sock = self.socket(socket.SOCK_NONBLOCK)
        self.assertEqual(sock.connect_ex(address), errno.EINPROGRESS)
        return sock

    def full_listener(self):
        """A listener whose accept queue is full: connect() to it is pending until somebody accepts."""
        listener = self.listener(backlog=0)
        for _ in range(8):
            filler = self.nonblocking(listener.getsockname())
            if not events(filler, timeout=A_WHILE):
                filler.close()
                return listener
            self.await_events(listener, "IN")
        return self.fail("a listener with backlog 0 took 8 connections")

    def refusing_address(self):
        """An address nobody listens at, and will not: a bound socket that does not listen keeps the port."""
        return self.bound().getsockname()

    # things beside the test

    def child(self, function):
        def run():
            self._outcome = None  # subTest() would keep a failure to itself, where nobody asks for it
            function()
        child = Child(run)
        self.addCleanup(child.clean_up)
        return child

    def in_child(self, function):
        self.child(function).result()

    def as_nobody(self, function):
        """Run the function in a child without any privilege."""
        def run():
            os.setegid(65534)
            os.seteuid(65534)
            function()
        self.in_child(run)

    def sysctl(self, name, value):
        """Set /proc/sys/<name> until the end of the test."""
        path = "/proc/sys/" + name
        try:
            with open(path, encoding="ascii") as file:
                old = file.read()
            self.write_file(path, value)
        except OSError as error:
            self.skipTest(f"cannot set {name}: {error}")
        self.addCleanup(self.write_file, path, old)

    @staticmethod
    def write_file(path, value):
        with open(path, "w", encoding="ascii") as file:
            file.write(f"{value}\n")

    # assertions

    @contextlib.contextmanager
    def raises(self, *codes):
        """The block must fail with one of these errnos."""
        names = " or ".join(errno.errorcode[code] for code in codes)
        try:
            yield
        except OSError as error:
            self.assertIn(error.errno, codes, f"wanted {names}, got {error}")
        else:
            self.fail(f"did not fail with {names}")

    def eventually(self, function, wanted=True):
        """Call the function until it gives what is wanted."""
        end = time.monotonic() + PATIENCE
        while (got := function()) != wanted and time.monotonic() < end:
            time.sleep(0.003)
        self.assertEqual(got, wanted)

    def assert_took(self, began, least, most):
        """It is so many seconds ago that it began: not less, and not more where nobody else can make it longer."""
        took = time.monotonic() - began
        self.assertGreaterEqual(took, least)
        if CLOCK == "virtual":
            self.assertLessEqual(took, most)

    def await_events(self, sock, wanted):
        self.eventually(lambda: events(sock), wanted)

    def await_state(self, sock, *wanted):
        # Not the state itself: that of ESTABLISHED is 1, which is as good as True.
        self.eventually(lambda: tcp_state(sock) in wanted or f"state {tcp_state(sock)}")

    def await_input(self, sock, count):
        """Wait until so many bytes can be read."""
        self.eventually(lambda: ioctl_int(sock, SIOCINQ), count)

    def assert_blocked(self, task):
        self.assertFalse(task.ends_within(A_WHILE), "did not block")

    def assert_talking(self, one, other):
        """Data goes both ways."""
        for sender, receiver in ((one, other), (other, one)):
            sender.sendall(b"hello, world")
            self.assertEqual(recv_exactly(receiver, 12), b"hello, world")
