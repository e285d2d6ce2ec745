"""Knobs and gauges: /proc/sys/net/xtcp, /proc/net/xtcp, /proc/net/xtcp_netstat."""
import errno
import os
import pathlib
import socket
import subprocess
import unittest

from xtcp_sockets import ESTABLISHED, LISTEN, PROTO, TIME_WAIT, SocketTest, unshare_network

KNOBS = pathlib.Path("/proc/sys/net/xtcp")
ROWS = pathlib.Path("/proc/net/xtcp")
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


def counters():
    names, values = COUNTERS.read_text(encoding="ascii").splitlines()
    return dict(zip(names.split()[1:], map(int, values.split()[1:])))


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
            self.assertEqual(knob.stat().st_mode & 0o777, 0o644, knob.name)

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

    def test_ss_reads_it(self):
        client, server = self.pair()
        env = dict(os.environ, PROC_NET_TCP=str(ROWS))
        shown = subprocess.run(["ss", "-4tan"], env=env, capture_output=True, text=True, check=True).stdout
        for sock in client, server:
            self.assertIn("%s:%d" % sock.getsockname(), shown)


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
