"""Knobs and gauges: /proc/sys/net/xtcp, /proc/net/xtcp, xtcp_netstat, xtcp_sockstat."""
import ctypes
import errno
import os
import pathlib
import socket
import struct
import subprocess
import time
import unittest

from xtcp_sockets import (CLOSE_WAIT, ESTABLISHED, FIN_WAIT2, LISTEN, PROTO, SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SOL_TCP,
                          SYN_SENT, TIME_WAIT, SocketTest, fill, ioctl_int, loopback_up, reset, unshare_network)

KNOBS = pathlib.Path("/proc/sys/net/xtcp")
ROWS = pathlib.Path("/proc/net/xtcp")
SOCKSTAT = pathlib.Path("/proc/net/xtcp_sockstat")
SO_ATTACH_FILTER = 26
SYN_RECV = 3
COUNTERS = pathlib.Path("/proc/net/xtcp_netstat")


def rows():
    """[(state, local port, remote port, tx_queue, rx_queue)] of /proc/net/xtcp."""
    result = []
    for line in ROWS.read_text(encoding="ascii").splitlines()[1:]:
        words = line.split()
        local, remote = (int(words[i].split(":")[1], 16) for i in (1, 2))
        tx_queue, rx_queue = (int(x, 16) for x in words[4].split(":"))
        result.append((int(words[3], 16), local, remote, tx_queue, rx_queue))
    return result


def sockstat():
    """The values of /proc/net/xtcp_sockstat, both lines together."""
    words = [w for w in SOCKSTAT.read_text(encoding="ascii").split() if not w.endswith(":")]
    return dict(zip(words[::2], map(int, words[1::2])))


def drop_everything(sock):
    """Attach a filter that lets no segment pass (BPF: return 0)."""
    program = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(program)))


def counters():
    names, values = COUNTERS.read_text(encoding="ascii").splitlines()
    return dict(zip(names.split()[1:], map(int, values.split()[1:])))


def info_of(sock):
    """Of TCP_INFO: state, congestion state, retransmits, probes, window and threshold in segments."""
    data = sock.getsockopt(SOL_TCP, socket.TCP_INFO, 104)
    ssthresh, cwnd = struct.unpack_from("II", data, 76)
    return (*data[:4], cwnd, -1 if ssthresh == 0x7fffffff else ssthresh)


class AdminTest(SocketTest):
    def setUp(self):
        if PROTO != 253:
            self.skipTest("of xtcp only")
        super().setUp()


class Knobs(AdminTest):
    def test_out_of_range_is_refused_and_changes_nothing(self):
        for knob in sorted(KNOBS.iterdir()):
            with self.subTest(knob.name):
                before = knob.read_text(encoding="ascii")
                for bad in ("4294967295", "4294967296", "-1", "x"):
                    with self.raises(errno.EINVAL):
                        knob.write_text(bad, encoding="ascii")
                    self.assertEqual(knob.read_text(encoding="ascii"), before)

    def test_error_is_einval(self):
        with self.raises(errno.EINVAL):
            self.write_file(str(KNOBS / "msl_ms"), "0")

    def test_root_writes_everybody_reads(self):
        for knob in KNOBS.iterdir():
            mode = 0o600 if knob.name == "fastopen_key" else 0o644
            self.assertEqual(knob.stat().st_mode & 0o777, mode, knob.name)

    def test_fastopen_key(self):
        """One key or two, in the kernel's format; anything else is refused and changes nothing."""
        key = KNOBS / "fastopen_key"
        random = key.read_text(encoding="ascii").strip()
        self.assertRegex(random, r"^[0-9a-f]{8}(-[0-9a-f]{8}){3}$")
        self.sysctl("net/xtcp/fastopen_key", "1-2-3-4,a0000000-b-c-d")
        wanted = "00000001-00000002-00000003-00000004,a0000000-0000000b-0000000c-0000000d"
        self.assertEqual(key.read_text(encoding="ascii").strip(), wanted)
        for bad in ("", "1-2-3", "1-2-3-4-5", "1-2-3-4,", "1-2-3-4,1-2-3-4,1-2-3-4", "g-2-3-4", "1-2-3-123456789"):
            with self.subTest(bad), self.raises(errno.EINVAL):
                self.write_file(str(key), bad)
            self.assertEqual(key.read_text(encoding="ascii").strip(), wanted)

    def test_new_namespace_inherits_from_the_first_and_is_its_own(self):
        self.sysctl("net/xtcp/msl_ms", 1234)

        def inside():
            unshare_network()
            self.assertEqual((KNOBS / "msl_ms").read_text(encoding="ascii").strip(), "1234")
            (KNOBS / "msl_ms").write_text("77", encoding="ascii")

        self.in_child(inside)
        self.assertEqual((KNOBS / "msl_ms").read_text(encoding="ascii").strip(), "1234")

    def test_shorter_msl_holds_for_records_that_wait_already(self):
        listener = self.listener()
        client, server = self.pair(listener)
        port = client.getsockname()[1]
        client.close()
        server.close()
        self.eventually(lambda: [r[0] for r in rows() if r[1] == port] == [TIME_WAIT])
        self.sysctl("net/xtcp/msl_ms", 1)
        self.eventually(lambda: not [r for r in rows() if r[1] == port])


class Rows(AdminTest):
    def test_listener_and_its_accept_queue(self):
        listener = self.listener()
        port = listener.getsockname()[1]
        self.connected(listener)
        self.connected(listener)
        self.eventually(lambda: (LISTEN, port, 0, 0, 2) in rows())

    def test_connection_and_its_queues(self):
        client, server = self.pair()
        ports = client.getsockname()[1], server.getsockname()[1]
        client.send(b"12345")
        self.eventually(lambda: (ESTABLISHED, ports[1], ports[0], 0, 5) in rows())
        self.eventually(lambda: (ESTABLISHED, ports[0], ports[1], 0, 0) in rows())

    def test_many_rows_are_each_shown_once(self):
        listener = self.listener(backlog=300)
        ports = sorted(self.connected(listener).getsockname()[1] for _ in range(300))
        seen = sorted(r[1] for r in rows() if r[2] == listener.getsockname()[1])
        self.assertEqual(seen, ports)

    def test_any_piece_of_it_can_be_read(self):
        """In order, backwards, and beyond its end: the same rows, each where it was."""
        def inside():
            unshare_network()
            loopback_up()
            listeners = [self.listener() for _ in range(40)]
            for _ in range(40):
                self.connected(listeners[0])
            with ROWS.open("rb", buffering=0) as file:
                whole = b"".join(iter(lambda: file.read(100000), b""))
                self.assertEqual(whole.count(b"\n"), 1 + 40 + 80)
                self.assertEqual(file.read(100), b"")
                width = whole.index(b"\n") + 1

                def lasting(text, place):
                    """Without the last columns, which say how old a state is."""
                    return bytes(octet for at, octet in enumerate(text, place) if at % width < 90)

                places = list(range(0, len(whole), 700))
                for order in (places, places[::-1]):
                    pieces = {place: os.pread(file.fileno(), 700, place) for place in order}
                    for place, piece in pieces.items():
                        self.assertTrue(piece, place)
                        self.assertEqual(lasting(piece, place), lasting(whole[place:place + 700], place))
                self.assertEqual(os.pread(file.fileno(), 100, len(whole)), b"")
        self.in_child(inside)

    def test_ss_reads_it(self):
        client, server = self.pair()
        env = dict(os.environ, PROC_NET_TCP=str(ROWS))
        shown = subprocess.run(["ss", "-4tan"], env=env, capture_output=True, text=True, check=True).stdout
        for sock in client, server:
            self.assertIn("%s:%d" % sock.getsockname(), shown)


class Columns(AdminTest):
    """What a row says beside addresses, queues and timer."""

    @staticmethod
    def words(port, state=ESTABLISHED):
        """Of the row of this local port in this state: retrnsmt to the threshold of slow start."""
        for line in ROWS.read_text(encoding="ascii").splitlines()[1:]:
            words = line.split()
            if int(words[1].split(":")[1], 16) == port and int(words[3], 16) == state:
                names = "retransmits uid probes inode refs address rto ato quick cwnd ssthresh".split()
                return dict(zip(names, words[6:]))
        return None

    def test_whose_it_is(self):
        """A connection is whose who accepts it."""
        listener = self.listener()
        os.fchown(listener.fileno(), 12, -1)
        client, server = self.pair(listener)
        os.fchown(client.fileno(), 13, -1)
        half_open = self.socket(socket.SOCK_NONBLOCK)
        drop_everything(half_open)
        half_open.connect_ex(listener.getsockname())
        port = listener.getsockname()[1]
        self.eventually(lambda: self.words(port, SYN_RECV) is not None)
        self.assertEqual(self.words(port, SYN_RECV)["uid"], "12")
        for sock, state, uid in (listener, LISTEN, 12), (client, ESTABLISHED, 13), (server, ESTABLISHED, os.geteuid()):
            row = self.words(sock.getsockname()[1], state)
            self.assertEqual((row["uid"], row["inode"]), (str(uid), str(os.fstat(sock.fileno()).st_ino)))

    def lost(self, client, server):
        """Retransmissions, unanswered probes, windows and timeout, once the cable is out: as TCP_INFO has them."""
        subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
        if not ioctl_int(client, SIOCOUTQ):
            client.send(b"x")
        self.eventually(lambda: 2 in info_of(client)[2:4])
        row, info = self.words(client.getsockname()[1]), info_of(client)
        self.assertEqual((int(row["retransmits"], 16), int(row["probes"])), info[2:4])
        self.assertEqual((int(row["cwnd"]), int(row["ssthresh"])), info[-2:])
        reset(client)  # else both would try for long
        reset(server)
        return info[2:4]

    def test_retransmissions(self):
        def inside():
            unshare_network()
            loopback_up()
            self.assertEqual(self.lost(*self.pair()), (2, 0))
        self.in_child(inside)

    def test_probes(self):
        def inside():
            unshare_network()
            loopback_up()
            client, server = self.small_pair()
            fill(client)
            self.eventually(lambda: ioctl_int(client, SIOCOUTQ) == ioctl_int(client, SIOCOUTQNSD))
            self.assertEqual(self.lost(client, server), (0, 2))
        self.in_child(inside)


class Ages(AdminTest):
    """The last column: milliseconds since it entered its state."""

    @staticmethod
    def ages(port):
        """{state: age in ms} of the rows of this local port."""
        lines = (line.split() for line in ROWS.read_text(encoding="ascii").splitlines()[1:])
        return {int(w[3], 16): int(w[-1]) for w in lines if int(w[1].split(":")[1], 16) == port}

    def test_close_wait_leak(self):
        client, server = self.pair()
        port = server.getsockname()[1]
        time.sleep(0.3)
        before = sockstat()
        start = time.monotonic()
        client.shutdown(socket.SHUT_WR)
        self.eventually(lambda: CLOSE_WAIT in self.ages(port))
        entered = time.monotonic()
        time.sleep(0.2)
        soonest = (time.monotonic() - entered) * 1000
        ages = self.ages(port)
        latest = (time.monotonic() - start) * 1000
        self.assertGreaterEqual(ages[CLOSE_WAIT], int(soonest))
        self.assertLessEqual(ages[CLOSE_WAIT], latest + 10)  # counted in ticks
        self.assertGreater(ages[LISTEN], ages[CLOSE_WAIT] + 290)
        after = sockstat()
        self.assertEqual(after["CLOSE_WAIT"] - before["CLOSE_WAIT"], 1)

    def test_ss_reads_rows_with_an_age(self):
        client, server = self.pair()
        client.shutdown(socket.SHUT_WR)
        self.await_state(client, FIN_WAIT2)
        env = dict(os.environ, PROC_NET_TCP=str(ROWS))
        shown = subprocess.run(["ss", "-4taneoi"], env=env, capture_output=True, text=True, check=True)
        self.assertEqual(shown.stderr, "")
        for sock, state in (client, "FIN-WAIT-2"), (server, "CLOSE-WAIT"):
            self.assertTrue([line for line in shown.stdout.splitlines() if line.startswith(state) and
                             "%s:%d" % sock.getsockname() in line], shown.stdout)


class Timers(AdminTest):
    """Which timer runs, and how long: tr and tm->when, in ticks of 10 ms."""

    NONE, RETRANSMIT, KEEPALIVE, WAIT, PROBE = range(5)

    @staticmethod
    def timer(port, state):
        """(timer, seconds) of the row of this local port in this state."""
        for line in ROWS.read_text(encoding="ascii").splitlines()[1:]:
            words = line.split()
            if int(words[1].split(":")[1], 16) == port and int(words[3], 16) == state:
                kind, ticks = (int(x, 16) for x in words[5].split(":"))
                return kind, ticks / 100
        return None

    def expect(self, port, state, kind, least, most):
        self.eventually(lambda: (self.timer(port, state) or (None,))[0], kind)
        left = self.timer(port, state)[1]
        self.assertTrue(least <= left <= most, left)

    def test_none(self):
        client, server = self.pair()
        self.assert_talking(client, server)
        self.expect(client.getsockname()[1], ESTABLISHED, self.NONE, 0, 0)

    def test_keepalive(self):
        client, _ = self.pair()
        client.setsockopt(SOL_TCP, socket.TCP_KEEPIDLE, 50)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.expect(client.getsockname()[1], ESTABLISHED, self.KEEPALIVE, 49, 50)

    def test_orphan_in_fin_wait_2(self):
        """When it ends, whatever else goes on."""
        self.sysctl("net/xtcp/fin_timeout_ms", 20000)
        for keep in 0, 1:
            client, _ = self.pair()
            port = client.getsockname()[1]
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, keep)
            client.close()
            self.expect(port, FIN_WAIT2, self.KEEPALIVE, 19, 20)

    def test_time_wait(self):
        self.sysctl("net/xtcp/msl_ms", 5000)
        client, server = self.pair()
        port = client.getsockname()[1]
        client.close()
        server.close()
        self.expect(port, TIME_WAIT, self.WAIT, 9, 10)

    def test_retransmission_and_probe(self):
        def inside():
            unshare_network()
            loopback_up()
            client, server = self.small_pair()
            port = client.getsockname()[1]
            fill(client)
            self.expect(port, ESTABLISHED, self.PROBE, 0.01, 120)
            subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
            server.send(b"x")
            self.expect(server.getsockname()[1], ESTABLISHED, self.RETRANSMIT, 0.01, 120)
            reset(client)  # else both would try for long
            reset(server)

        self.in_child(inside)

    def test_half_open(self):
        self.sysctl("net/xtcp/rto_init_ms", 30000)
        listener = self.listener()
        client = self.socket(socket.SOCK_NONBLOCK)
        drop_everything(client)
        client.connect_ex(listener.getsockname())
        self.expect(listener.getsockname()[1], SYN_RECV, self.RETRANSMIT, 29, 30)
        self.expect(client.getsockname()[1], SYN_SENT, self.RETRANSMIT, 29, 30)


class Gauges(AdminTest):
    """/proc/net/xtcp_sockstat, in a namespace of its own: nothing of an earlier test ends in it."""

    def in_namespace(self, function):
        def run():
            unshare_network()
            loopback_up()
            function()
        self.in_child(run)

    def changed(self, before):
        return {key: value - before[key] for key, value in sockstat().items()
                if value != before[key] and key not in ("alloc", "mem")}

    def test_every_state(self):
        self.in_namespace(self.every_state)

    def every_state(self):
        self.sysctl("net/xtcp/msl_ms", 200)
        before = sockstat()
        self.assertEqual(self.changed(before), {})
        listener = self.listener()
        self.eventually(lambda: self.changed(before), {"LISTEN": 1, "inuse": 1})
        client, server = self.pair(listener)
        self.eventually(lambda: self.changed(before), {"LISTEN": 1, "ESTABLISHED": 2, "inuse": 3})
        client.shutdown(socket.SHUT_WR)
        self.eventually(lambda: self.changed(before), {"LISTEN": 1, "FIN_WAIT_2": 1, "CLOSE_WAIT": 1, "inuse": 3})
        client.close()
        self.eventually(lambda: self.changed(before),
                        {"LISTEN": 1, "FIN_WAIT_2": 1, "CLOSE_WAIT": 1, "inuse": 3, "orphan": 1})
        server.close()
        self.eventually(lambda: self.changed(before), {"LISTEN": 1, "inuse": 1, "tw": 1})
        listener.close()
        self.eventually(lambda: self.changed(before), {})

    def test_half_open_and_connecting(self):
        self.in_namespace(self.half_open_and_connecting)

    def half_open_and_connecting(self):
        before = sockstat()
        listener = self.listener()
        client = self.socket(socket.SOCK_NONBLOCK)
        drop_everything(client)
        client.connect_ex(listener.getsockname())
        self.eventually(lambda: self.changed(before), {"LISTEN": 1, "SYN_SENT": 1, "halfopen": 1, "inuse": 2})
        client.close()
        listener.close()
        self.eventually(lambda: self.changed(before), {})

    def test_sockets_and_their_memory(self):
        before = sockstat()["alloc"]
        pairs = [self.pair() for _ in range(20)]
        # With their listeners; of all namespaces, where others may be ending.
        self.assertGreaterEqual(sockstat()["alloc"] - before, 50)
        for client, server in pairs:
            fill(client)
            self.assertGreater(ioctl_int(server, SIOCINQ), 0)
        self.assertGreater(sockstat()["mem"] * os.sysconf("SC_PAGE_SIZE"), 1000000)


class Counters(AdminTest):
    def test_a_connection_counts(self):
        before = counters()
        self.pair()
        after = counters()
        for name in "ActiveOpens", "PassiveOpens":
            self.assertGreater(after[name], before[name])

    def test_refused_counts(self):
        before = counters()
        with self.raises(errno.ECONNREFUSED):
            self.socket().connect(self.refusing_address())
        after = counters()
        for name in "AttemptFails", "OutRsts", "InRsts", "DropNoFlow":
            self.assertGreater(after[name], before[name], name)

    def test_nstat_reads_them(self):
        self.pair()
        env = dict(os.environ, PROC_NET_NETSTAT=str(COUNTERS))
        shown = subprocess.run(["nstat", "-asz"], env=env, capture_output=True, text=True, check=True).stdout
        self.assertIn("XtcpActiveOpens", shown)


if __name__ == "__main__":
    unittest.main()
