"""Tracepoints: events/xtcp, and what drop monitors see of xtcp in events/skb/kfree_skb."""
import ctypes
import errno
import pathlib
import socket
import struct
import subprocess

from test_admin import AdminTest, counters, drop_everything
from xtcp_sockets import LOCALHOST, PROTO, await_local, fill, loopback_up, recv_all, reset, unshare_network

TRACING = pathlib.Path("/sys/kernel/tracing")
EVENTS = ("xtcp_set_state", "xtcp_drop", "xtcp_retransmit", "xtcp_send_reset", "xtcp_receive_reset")


class TraceTest(AdminTest):
    def setUp(self):
        super().setUp()
        if not (TRACING / "events").is_dir():
            subprocess.run(["mount", "-t", "tracefs", "tracefs", str(TRACING)], check=False)
        if not (TRACING / "events/xtcp").is_dir():
            self.skipTest("this kernel has no tracefs")

    def trace(self, *names):
        for name in names:
            enable = TRACING / "events" / name / "enable"
            enable.write_text("1", encoding="ascii")
            self.addCleanup(enable.write_text, "0", encoding="ascii")

    @staticmethod
    def lines(event, port):
        """[{field: value}] of an event about this port of ours, in order."""
        result = []
        for line in (TRACING / "trace").read_text(encoding="ascii").splitlines():
            if f" {event}: " in line:
                fields = dict(word.split("=", 1) for word in line.split(f" {event}: ")[1].split() if "=" in word)
                if fields["sport"] == str(port):
                    result.append(fields)
        return result

    def expect(self, event, port, **wanted):
        """Such an event comes, with these fields; gives its line."""
        def found():
            return [f for f in self.lines(event, port) if all(f[k] == str(v) for k, v in wanted.items())]
        self.eventually(lambda: bool(found()))
        return found()[0]


class Formats(TraceTest):
    def test_perf_and_trace_cmd_can_read_every_value(self):
        for name in EVENTS:
            text = (TRACING / "events/xtcp" / name / "format").read_text(encoding="ascii")
            with self.subTest(name):
                self.assertNotIn("XTCP_", text.split("print fmt:")[1], "the name of an enum stayed a name")
                # Those of events/tcp: scripts for them go by these.
                for field in ("u16 family", "u16 sport", "u16 dport", "u8 saddr[4]", "u8 daddr[4]", "u8 saddr_v6[16]",
                              "u8 daddr_v6[16]", "void * skaddr" if name != "xtcp_drop" else "void * skbaddr"):
                    self.assertIn(f"{field};", text)


class States(TraceTest):
    def steps(self, port):
        return [(f["oldstate"], f["newstate"]) for f in self.lines("xtcp_set_state", port)]

    def test_states_of_a_connection_at_both_ends(self):
        self.trace("xtcp/xtcp_set_state")
        client, server = self.pair()
        ports = client.getsockname()[1], server.getsockname()[1]
        client.close()
        self.assertEqual(server.recv(1), b"")
        server.close()
        self.eventually(lambda: self.steps(ports[0]), [
            ("CLOSED", "SYN_SENT"), ("SYN_SENT", "ESTABLISHED"), ("ESTABLISHED", "FIN_WAIT_1"),
            ("FIN_WAIT_1", "FIN_WAIT_2"), ("FIN_WAIT_2", "TIME_WAIT"), ("FIN_WAIT_2", "CLOSED")])
        self.eventually(lambda: self.steps(ports[1]), [
            ("CLOSED", "LISTEN"), ("LISTEN", "SYN_RCVD"), ("SYN_RCVD", "ESTABLISHED"),
            ("ESTABLISHED", "CLOSE_WAIT"), ("CLOSE_WAIT", "LAST_ACK"), ("LAST_ACK", "CLOSED")])
        line = self.lines("xtcp_set_state", ports[0])[1]
        mapped = "::ffff:" + LOCALHOST
        self.assertEqual([line[field] for field in ("family", "saddr", "daddr", "saddrv6", "daddrv6", "dport")],
                         ["AF_INET", LOCALHOST, LOCALHOST, mapped, mapped, str(ports[1])])


class Drops(TraceTest):
    def refused(self, ours=LOCALHOST, dead=LOCALHOST, family=socket.AF_INET):
        """Connect to nobody. Gives both ports, ours first."""
        client, nobody = (self.keep(socket.socket(family, socket.SOCK_STREAM, PROTO)) for _ in range(2))
        client.bind((ours, 0))
        nobody.bind((dead, 0))
        with self.raises(errno.ECONNREFUSED):
            client.connect(nobody.getsockname())
        return client.getsockname()[1], nobody.getsockname()[1]

    def test_a_drop_says_what_and_why(self):
        self.trace("xtcp/xtcp_drop")
        before = counters()
        port, dead_port = self.refused(LOCALHOST, "127.0.0.2")
        line = self.expect("xtcp_drop", dead_port, reason="DropNoFlow", flags="SYN", length=0, ack=0, dport=port,
                           family="AF_INET", saddr="127.0.0.2", daddr=LOCALHOST)
        self.assertNotEqual(line["seq"], "0")
        self.assertEqual(counters()["DropNoFlow"] - before["DropNoFlow"], 1)

    def test_a_drop_of_ipv6(self):
        self.trace("xtcp/xtcp_drop", "xtcp/xtcp_send_reset")

        def inside():
            unshare_network()
            loopback_up()
            subprocess.run("ip addr add fd00::9/128 dev lo nodad", shell=True, check=True)
            await_local("fd00::9")
            port, dead_port = self.refused("::1", "fd00::9", socket.AF_INET6)
            for event in "xtcp_drop", "xtcp_send_reset":
                self.expect(event, dead_port, dport=port, family="AF_INET6", saddrv6="fd00::9", daddrv6="::1")

        self.in_child(inside)

    def test_text_nobody_reads(self):
        self.trace("xtcp/xtcp_drop", "xtcp/xtcp_send_reset")
        client, server = self.pair()
        client.send(b"12345")
        self.await_input(server, 5)
        port, server_port = client.getsockname()[1], server.getsockname()[1]
        server.close()
        self.expect("xtcp_drop", server_port, dport=port, reason="DropUnread", length=5, flags="PSH|ACK")
        self.expect("xtcp_send_reset", server_port, dport=port, why="AbortOnClose")

    def test_drop_monitors_hear_the_reason(self):
        self.trace("skb/kfree_skb")
        self.refused()
        self.eventually(lambda: "reason: NO_SOCKET" in self.kfree_skb())

    def test_drop_monitors_hear_nothing_of_a_good_connection(self):
        self.trace("skb/kfree_skb")
        client, server = self.pair()
        client.sendall(bytes(100000))
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(len(recv_all(server)), 100000)
        server.sendall(b"x" * 1000)
        server.close()
        self.assertEqual(len(recv_all(client)), 1000)
        client.close()
        self.assertEqual(self.kfree_skb(), "")

    @staticmethod
    def kfree_skb():
        """What events/skb/kfree_skb tells of xtcp since it was enabled; older kernels do not say where: all then."""
        event = (TRACING / "events/skb/kfree_skb/format").read_text(encoding="ascii")
        lines = (TRACING / "trace").read_text(encoding="ascii").splitlines()
        return "\n".join(line for line in lines if " kfree_skb: " in line and
                         ("[xtcp]" in line if "location=%pS" in event else "protocol=2048" in line))

    def setUp(self):
        super().setUp()
        (TRACING / "trace").write_text("", encoding="ascii")


class Retransmissions(TraceTest):
    def test_syn(self):
        self.trace("xtcp/xtcp_retransmit")

        def inside():
            unshare_network()
            loopback_up()
            subprocess.run("ip link add d0 type dummy && ip addr add 10.9.9.1/24 dev d0 && ip link set d0 up",
                           shell=True, check=True)
            self.write_file("/proc/sys/net/xtcp/rto_init_ms", 20)
            self.write_file("/proc/sys/net/xtcp/syn_retries", 2)
            sock = self.bound("10.9.9.1")
            with self.raises(errno.ETIMEDOUT):
                sock.connect(("10.9.9.2", 80))
            port = sock.getsockname()[1]
            self.expect("xtcp_retransmit", port, kind="SYN", retries=2, length=0, rto_us=80000, saddr="10.9.9.1",
                        daddr="10.9.9.2", dport=80)
            lines = self.lines("xtcp_retransmit", port)
            self.assertEqual([line["retries"] for line in lines], ["1", "2"])
            self.assertEqual(lines[0]["seq"], lines[1]["seq"])

        self.in_child(inside)

    def test_syn_ack(self):
        self.sysctl("net/xtcp/rto_init_ms", 20)
        self.trace("xtcp/xtcp_retransmit", "xtcp/xtcp_drop")
        listener = self.listener()
        client = self.socket(socket.SOCK_NONBLOCK)
        drop_everything(client)
        client.connect_ex(listener.getsockname())
        port = listener.getsockname()[1]
        self.expect("xtcp_retransmit", port, kind="SYN-ACK", retries=2, length=0)
        self.expect("xtcp_drop", client.getsockname()[1], dport=port, reason="DropFilter", flags="SYN|ACK")

    def test_data_and_fin(self):
        self.trace("xtcp/xtcp_retransmit", "xtcp/xtcp_send_reset")

        def inside():
            unshare_network()
            loopback_up()
            self.write_file("/proc/sys/net/xtcp/orphan_retries", 1)
            client, server = self.pair()
            ports = client.getsockname()[1], server.getsockname()[1]
            subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
            client.send(b"12345")
            server.close()
            line = self.expect("xtcp_retransmit", ports[0], kind="data", length=5, retries=1)
            self.assertEqual(line["seq"], self.expect("xtcp_retransmit", ports[0], retries=2)["seq"])
            self.expect("xtcp_retransmit", ports[1], kind="FIN", length=0, retries=1)
            reset(client)
            self.expect("xtcp_send_reset", ports[0], why="AbortOnLinger")

        self.in_child(inside)


class Resets(TraceTest):
    def test_refused_connection(self):
        self.trace("xtcp/xtcp_send_reset", "xtcp/xtcp_receive_reset")
        address = self.refusing_address()
        client = self.bound()
        with self.raises(errno.ECONNREFUSED):
            client.connect(address)
        port = client.getsockname()[1]
        self.expect("xtcp_send_reset", address[1], why="DropNoFlow", seq=0, dport=port)
        self.expect("xtcp_receive_reset", port, state="SYN_SENT", dport=address[1])

    def test_listener_closed_before_accept(self):
        self.trace("xtcp/xtcp_send_reset", "xtcp/xtcp_receive_reset")
        listener = self.listener()
        client = self.connected(listener)
        self.await_events(listener, "IN")
        port = listener.getsockname()[1]
        listener.close()
        self.expect("xtcp_send_reset", port, why="AbortOnListenerClose")
        self.expect("xtcp_receive_reset", client.getsockname()[1], state="ESTABLISHED", dport=port)


def lose_text(sock, first):
    """Segments whose text begins with that octet do not come in."""
    code = ((0x80, 0, 0, 0), (0x25, 0, 3, 32), (0x30, 0, 0, 32), (0x15, 0, 1, first[0]),
            (6, 0, 0, 0), (6, 0, 0, 0xffff))
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    sock.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", len(code), ctypes.addressof(program)))  # SO_ATTACH_FILTER


class Counted(TraceTest):
    def test_text_without_room_is_counted_and_traced(self):
        """Text ahead of order of which the first is lost, and more of it than a small buffer holds."""
        self.trace("xtcp/xtcp_drop")
        listener = self.listener()
        client, server = self.pair(listener)
        before = counters()["DropNoRoom"]
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lose_text(server, b"a")
        client.send(b"a")
        fill(client)
        self.expect("xtcp_drop", server.getsockname()[1], dport=client.getsockname()[1], reason="DropNoRoom")
        self.assertGreater(counters()["DropNoRoom"], before)
        reset(client)  # else it would try for long
