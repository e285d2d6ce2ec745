"""SOL_XTCP: a socket's own values of knobs; experiments; and what listeners do with requests by option."""
import ctypes
import errno
import pathlib
import select
import socket
import time
import unittest

from xtcp_sockets import (A_WHILE, ESTABLISHED, PROTO, SOL_TCP, TIME_WAIT, SocketTest, events, libc, recv_exactly,
                          tcp_state)

SOL_XTCP = 253
(SYN_RETRIES, SYNACK_RETRIES, RTO_INIT_MS, RTO_MIN_MS, RTO_MAX_MS, MSL_MS, HANDSHAKE_WAYS, ISN_MODE) = range(1, 9)
KNOB_OF = {SYN_RETRIES: "syn_retries", SYNACK_RETRIES: "synack_retries", RTO_INIT_MS: "rto_init_ms",
           RTO_MIN_MS: "rto_min_ms", RTO_MAX_MS: "rto_max_ms", MSL_MS: "msl_ms", HANDSHAKE_WAYS: "handshake_ways"}
RFC6528, RANDOM, CONSTANT = range(3)
SYNCNT, DEFER_ACCEPT, SAVE_SYN, SAVED_SYN = 7, 9, 27, 28
KNOBS = pathlib.Path("/proc/sys/net/xtcp")
EXPERIMENTS = pathlib.Path("/sys/module/xtcp/parameters/experiments")


def own(sock, option, value=None):
    if value is None:
        return sock.getsockopt(SOL_XTCP, option)
    return sock.setsockopt(SOL_XTCP, option, value)


def knob(name):
    return int((KNOBS / name).read_text(encoding="ascii"))


class XtcpTest(SocketTest):
    def setUp(self):
        if PROTO != 253:
            self.skipTest("of xtcp only")
        super().setUp()


class OwnKnobs(XtcpTest):
    def test_a_socket_starts_with_the_knobs(self):
        sock = self.socket()
        for option, name in KNOB_OF.items():
            self.assertEqual(own(sock, option), knob(name), name)
        self.assertEqual(own(sock, ISN_MODE), RFC6528)

    def test_an_own_value_is_kept_and_minus_one_gives_it_back(self):
        sock = self.socket()
        for option, name in KNOB_OF.items():
            value = knob(name) + (0 if option == HANDSHAKE_WAYS else 1)
            own(sock, option, value)
            self.assertEqual(own(sock, option), value, name)
            own(sock, option, -1)
            self.assertEqual(own(sock, option), knob(name), name)

    def test_the_knob_holds_only_for_who_has_no_own_value(self):
        mine, other = self.socket(), self.socket()
        own(mine, MSL_MS, 1234)
        self.sysctl("net/xtcp/msl_ms", 4321)
        self.assertEqual((own(mine, MSL_MS), own(other, MSL_MS)), (1234, 4321))

    def test_out_of_range(self):
        sock = self.socket()
        for option, bad in ((SYN_RETRIES, 0), (SYN_RETRIES, 128), (SYNACK_RETRIES, 128), (RTO_INIT_MS, 0),
                            (RTO_INIT_MS, 60001), (RTO_MAX_MS, 999), (MSL_MS, 0), (MSL_MS, 900001),
                            (HANDSHAKE_WAYS, 5), (HANDSHAKE_WAYS, 1), (ISN_MODE, 3), (MSL_MS, -2)):
            with self.subTest(option=option, value=bad):
                before = own(sock, option)
                with self.raises(errno.EINVAL):
                    own(sock, option, bad)
                self.assertEqual(own(sock, option), before)

    def test_unknown_options(self):
        for option in (0, 99, -1):
            with self.raises(errno.ENOPROTOOPT):
                own(self.socket(), option, 1)
            with self.raises(errno.ENOPROTOOPT):
                own(self.socket(), option)

    def test_tcp_syncnt_is_the_same(self):
        sock = self.socket()
        sock.setsockopt(SOL_TCP, SYNCNT, 7)
        self.assertEqual(own(sock, SYN_RETRIES), 7)
        own(sock, SYN_RETRIES, 3)
        self.assertEqual(sock.getsockopt(SOL_TCP, SYNCNT), 3)

    def test_children_inherit(self):
        listener = self.listener()
        own(listener, RTO_MAX_MS, 7777)
        own(listener, MSL_MS, 8888)
        _, server = self.pair(listener)
        self.assertEqual((own(server, RTO_MAX_MS), own(server, MSL_MS)), (7777, 8888))

    def test_rto_min(self):
        """TCP_INFO shows the timeout of a round trip far below the minimum."""
        client = self.socket()
        own(client, RTO_MIN_MS, 5000)
        listener = self.listener()
        client.connect(listener.getsockname())
        info = client.getsockopt(SOL_TCP, socket.TCP_INFO, 104)
        self.assertEqual(int.from_bytes(info[8:12], "little"), 5000000)

    def test_msl_of_one_socket(self):
        """Its TIME_WAIT goes after its own 2MSL; that of a neighbour, older, stays."""
        listener = self.listener()
        old_client, old_server = self.pair(listener)
        client, server = self.pair(listener)
        own(client, MSL_MS, 50)
        pairs = [(sock.getsockname()[1], sock.getpeername()[1]) for sock in (old_client, client)]
        for sock in (old_client, old_server, client, server):
            sock.close()
        self.eventually(lambda: self.time_waits() & set(pairs), {pairs[0]})

    def test_msl_above_the_knob_is_a_privilege(self):
        """A TIME_WAIT stays when its process is gone: shorter at will, longer only for who may set the knob."""
        def choose():
            sock = self.socket()
            limit = knob("msl_ms")
            for value in (1, limit, -1):
                own(sock, MSL_MS, value)
            with self.raises(errno.EPERM):
                own(sock, MSL_MS, limit + 1)
        self.as_nobody(choose)
        own(self.socket(), MSL_MS, knob("msl_ms") + 1)

    @staticmethod
    def time_waits():
        """Their ports, at both ends: an older one may have the same at one."""
        rows = pathlib.Path("/proc/net/xtcp").read_text(encoding="ascii").splitlines()[1:]
        return {tuple(int(end.split(":")[1], 16) for end in row.split()[1:3])
                for row in rows if int(row.split()[3], 16) == TIME_WAIT}


class Cost(XtcpTest):
    """A listener with an RTO of its own costs what any other does."""

    LISTENERS = 100

    @staticmethod
    def per_cpu_kib():
        words = pathlib.Path("/proc/meminfo").read_text(encoding="ascii").split()
        return int(words[words.index("Percpu:") + 1])

    def test_no_memory_for_each_cpu(self):
        before = self.per_cpu_kib()
        for _ in range(self.LISTENERS):
            sock = self.socket()
            own(sock, RTO_INIT_MS, 500)
            sock.listen()
        self.assertLess(self.per_cpu_kib() - before, self.LISTENERS)


class Experiments(XtcpTest):
    def setUp(self):
        super().setUp()
        if EXPERIMENTS.read_text(encoding="ascii").strip() == "Y":
            self.skipTest("the module allows experiments")

    def test_knobs_are_refused(self):
        for name, value in (("handshake_ways", 2), ("handshake_ways", 4), ("isn_mode", "constant"), ("paws", 0)):
            with self.subTest(name):
                before = (KNOBS / name).read_text(encoding="ascii")
                with self.raises(errno.EPERM):
                    self.write_file(str(KNOBS / name), value)
                self.assertEqual((KNOBS / name).read_text(encoding="ascii"), before)

    def test_options_are_refused(self):
        for option, value in ((HANDSHAKE_WAYS, 2), (HANDSHAKE_WAYS, 4), (ISN_MODE, CONSTANT)):
            with self.raises(errno.EPERM):
                own(self.socket(), option, value)

    def test_random_isns_are_no_experiment(self):
        sock = self.socket()
        own(sock, ISN_MODE, RANDOM)
        self.assertEqual(own(sock, ISN_MODE), RANDOM)
        self.sysctl("net/xtcp/isn_mode", "random")
        self.assertEqual((KNOBS / "isn_mode").read_text(encoding="ascii"), "random\n")

    def test_the_log_says_why(self):
        """Of a knob, which an administrator sets."""
        with self.raises(errno.EPERM):
            (KNOBS / "handshake_ways").write_text("2", encoding="ascii")
        with open("/dev/kmsg", "rb", buffering=0) as log:
            poll = select.poll()
            poll.register(log, select.POLLIN)
            text = b""
            while poll.poll(0):
                text += log.read(8192)
        self.assertIn(b"experiments=1", text)


class IsnRedraw(XtcpTest):
    def test_reads_zero_again(self):
        self.write_file(str(KNOBS / "isn_redraw"), 1)
        self.assertEqual(knob("isn_redraw"), 0)
        self.assert_talking(*self.pair())


class DeferAccept(SocketTest):
    """The kernel's TCP is the model: XTCP_PROTO=6."""

    def deferring(self, seconds):
        listener = self.listener()
        listener.setsockopt(SOL_TCP, DEFER_ACCEPT, seconds)
        return listener

    def test_in_steps_of_retries(self):
        """What is asked for is rounded up to 1, 3, 7, 15 ... seconds."""
        for seconds, held in ((0, 0), (-1, 0), (1, 1), (2, 3), (3, 3), (4, 7), (10, 15)):
            self.assertEqual(self.deferring(seconds).getsockopt(SOL_TCP, DEFER_ACCEPT), held, seconds)

    def test_accept_waits_for_data(self):
        listener = self.deferring(30)
        client = self.connected(listener)
        self.assertEqual(events(listener, timeout=A_WHILE), "")
        client.sendall(b"GET /")
        self.assertEqual(recv_exactly(self.accept(listener), 5), b"GET /")

    def test_a_fin_wakes_too(self):
        listener = self.deferring(30)
        client = self.connected(listener)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(self.accept(listener).recv(10), b"")

    def test_the_time_is_up(self):
        listener = self.deferring(1)
        client = self.connected(listener)
        began = time.monotonic()
        server = self.accept(listener)
        self.assert_took(began, 0.5, 3)
        self.assert_talking(client, server)


class SaveSyn(SocketTest):
    def test_off(self):
        _, server = self.pair()
        self.assertEqual(server.getsockopt(SOL_TCP, SAVED_SYN, 200), b"")

    def test_headers_of_the_syn(self):
        listener = self.listener()
        listener.setsockopt(SOL_TCP, SAVE_SYN, 1)
        client, server = self.pair(listener)
        syn = server.getsockopt(SOL_TCP, SAVED_SYN, 200)
        self.assertEqual((syn[0] >> 4, syn[9]), (4, PROTO))
        tcp = syn[(syn[0] & 15) * 4:]
        self.assertEqual(int.from_bytes(tcp[:2], "big"), client.getsockname()[1])
        self.assertEqual(int.from_bytes(tcp[2:4], "big"), listener.getsockname()[1])
        self.assertEqual(tcp[13] & 0x3f, 2)
        self.assertEqual(len(tcp), (tcp[12] >> 4) * 4)

    def test_link_layer_too(self):
        listener = self.listener()
        listener.setsockopt(SOL_TCP, SAVE_SYN, 2)
        _, server = self.pair(listener)
        syn = server.getsockopt(SOL_TCP, SAVED_SYN, 200)
        self.assertEqual((syn[12:14], syn[14] >> 4), (b"\x08\x00", 4))

    def test_once_and_not_into_too_little_room(self):
        listener = self.listener()
        listener.setsockopt(SOL_TCP, SAVE_SYN, 1)
        _, server = self.pair(listener)
        with self.raises(errno.EINVAL):
            server.getsockopt(SOL_TCP, SAVED_SYN, 10)
        room, text = ctypes.c_int(10), ctypes.create_string_buffer(10)
        with self.raises(errno.EINVAL):
            libc("getsockopt", server.fileno(), SOL_TCP, SAVED_SYN, text, ctypes.byref(room))
        syn = server.getsockopt(SOL_TCP, SAVED_SYN, 200)
        self.assertEqual(len(syn), room.value, "how much room it takes")
        self.assertGreaterEqual(len(syn), 40)
        self.assertEqual(server.getsockopt(SOL_TCP, SAVED_SYN, 200), b"")

    def test_range(self):
        sock = self.socket()
        self.assertEqual(sock.getsockopt(SOL_TCP, SAVE_SYN), 0)
        for value in (1, 2, 0, 2):
            sock.setsockopt(SOL_TCP, SAVE_SYN, value)
            self.assertEqual(sock.getsockopt(SOL_TCP, SAVE_SYN), value)
        for bad in (-1, 3):
            with self.raises(errno.EINVAL):
                sock.setsockopt(SOL_TCP, SAVE_SYN, bad)
        self.assertEqual(sock.getsockopt(SOL_TCP, SAVE_SYN), 2)


class ConnectTimeout(SocketTest):
    def test_so_sndtimeo_bounds_connect(self):
        """It fails with EINPROGRESS, goes on in the background, and is ready later."""
        listener = self.full_listener()
        client = self.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, (0).to_bytes(8, "little") +
                          (50000).to_bytes(8, "little"))
        began = time.monotonic()
        with self.raises(errno.EINPROGRESS):
            client.connect(listener.getsockname())
        self.assert_took(began, 0.05, 0.1)
        while events(listener):
            self.accept(listener)
        self.await_events(client, "OUT")
        self.assertEqual(tcp_state(client), ESTABLISHED)


if __name__ == "__main__":
    unittest.main()
