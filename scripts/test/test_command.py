"""The command xtcp: list, knobs, get, set, stat, trace, and how it refuses. `run` has command.sh and turned.sh."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile

from test_abort import COMMAND, AbortTest, name
from test_admin import KNOBS, counters
from xtcp_sockets import LOCALHOST, PROTO, libc

CLONE_NEWNS = 0x20000
MS_REC_PRIVATE = 0x44000
TRACING = pathlib.Path("/sys/kernel/tracing")
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


class CommandTest(AbortTest):
    """Each test has a network namespace to itself."""

    def xtcp(self, *args, status=0, front=()):
        """What it prints: standard output, or where it must fail its complaint."""
        done = subprocess.run([*front, COMMAND, *args], capture_output=True, text=True, check=False,
                              env={**os.environ, "XDG_RUNTIME_DIR": "/tmp"})
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr if status else done.stdout

    @staticmethod
    def silence():
        """192.0.2.1 never answers."""
        for words in ("link add void type dummy", "addr add 192.0.2.9/24 dev void", "link set void up"):
            subprocess.run(["ip", *words.split()], check=True)

    def json(self, *args):
        return json.loads(self.xtcp(*args, "--json"))

    def refuses(self, pattern, *args, status=1, front=()):
        self.assertRegex(self.xtcp(*args, status=status, front=front), pattern)


class List(CommandTest):
    def states(self, *words):
        return sorted(row["state"] for row in self.json("list", *words))

    def test_a_connection_with_what_is_known_of_it(self):
        client, server = self.pair()
        client.sendall(b"x" * 1000)
        self.eventually(lambda: [row["recv_queue"] for row in self.json("list", "sport", f":{server.getsockname()[1]}",
                                                                        "state", "connected")], [1000])
        row, = self.json("list", "sport", f":{client.getsockname()[1]}")
        self.assertEqual((row["state"], row["local_address"], row["peer_port"], row["inode"]),
                         ("ESTABLISHED", LOCALHOST, server.getsockname()[1], os.fstat(client.fileno()).st_ino))
        self.assertEqual(row["process"], {"name": pathlib.Path("/proc/self/comm").read_text(encoding="ascii").strip(),
                                          "pid": os.getpid(), "fd": client.fileno()})
        rtt = int.from_bytes(client.getsockopt(6, socket.TCP_INFO, 104)[68:72], "little")
        self.assertEqual(row["rtt_us"], rtt or None)
        self.assertEqual(row["cwnd"], int.from_bytes(client.getsockopt(6, socket.TCP_INFO, 104)[80:84], "little"))

    def test_a_timer_and_how_long_it_takes(self):
        self.silence()
        self.sysctl("net/xtcp/rto_init_ms", 60000)
        self.nonblocking(("192.0.2.1", 80))
        row, = self.json("list", "dst", "192.0.2.0/24")
        self.assertEqual((row["state"], row["timer"], row["retransmits"]), ("SYN_SENT", "retransmit", 0))
        self.assertGreater(row["timer_left_ms"], 0)
        self.assertLessEqual(row["timer_left_ms"], 60000)

    def test_ipv6_and_ipv4_in_its_sockets(self):
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM, PROTO) as listener:
            listener.bind(("::", 0))
            listener.listen()
            port = listener.getsockname()[1]
            with socket.socket(socket.AF_INET6, socket.SOCK_STREAM, PROTO) as six, self.socket() as four:
                six.connect(("::1", port))
                four.connect((LOCALHOST, port))
                for address in ("::1", LOCALHOST):
                    row, = self.json("list", "state", "connected", "sport", f":{port}", "src", address)
                    self.assertEqual(row["local_port"], port)
            self.assertIn(f" *:{port} ", self.xtcp("list", "state", "listening"))
            self.assertRegex(self.xtcp("list"), rf"\[::ffff:{LOCALHOST}\]:{port}")

    def test_filters_as_ss_has_them(self):
        listener = self.listener()
        port = listener.getsockname()[1]
        client, server = self.pair(listener)
        client.close()
        self.eventually(lambda: self.states("state", "fin-wait-2"), ["FIN_WAIT_2"])
        for words, wanted in ((f"sport = :{port}", ["CLOSE_WAIT", "LISTEN"]),
                              (f"sport {port} exclude listening", ["CLOSE_WAIT"]),
                              (f"dport = :{port} or state listening", ["FIN_WAIT_2", "LISTEN"]),
                              (f"not ( sport = :{port} )", ["FIN_WAIT_2"]),
                              (f"dst {LOCALHOST}:{port}", ["FIN_WAIT_2"]),
                              ("dst 127.0.0.0/8 and state close-wait", ["CLOSE_WAIT"]),
                              ("src != 127.0.0.0/8", []),
                              (f"sport > {port - 1} sport <= {port} state all", ["CLOSE_WAIT", "LISTEN"]),
                              ("state connected", ["CLOSE_WAIT", "FIN_WAIT_2"]),
                              ("", ["CLOSE_WAIT", "FIN_WAIT_2", "LISTEN"])):
            with self.subTest(words):
                self.assertEqual(self.states(*words.split()), wanted)
        server.close()

    def test_a_filter_that_is_none(self):
        for words, complaint in (("state open", "no state 'open'"), ("sport = http", "no port"),
                                 ("dst 300.1.1.1", "no address"), ("state", "ends where a state is missing"),
                                 ("( sport 80", r"'\)' is missing"), ("port 80", "cannot begin with 'port'"),
                                 ("sport 80 )", "too much")):
            with self.subTest(words):
                self.refuses(complaint, "list", *words.split(), status=2)

    def test_watch(self):
        self.listener()
        said = self.xtcp("list", "--watch", "--count", "3", "--interval", "0.05")
        self.assertEqual((said.count("STATE "), said.count("LISTEN ")), (3, 3))


class Knobs(CommandTest):
    @contextlib.contextmanager
    def own_etc(self):
        """A directory of settings for the next boot that nobody minds; until the child process ends."""
        libc("unshare", CLONE_NEWNS)
        libc("mount", b"none", b"/", None, MS_REC_PRIVATE, None)
        libc("mount", b"none", b"/etc/sysctl.d", b"tmpfs", 0, None)
        yield pathlib.Path("/etc/sysctl.d/90-xtcp.conf")

    def test_every_knob_is_described(self):
        rows = {row["name"]: row for row in self.json("knobs")}
        self.assertEqual(rows.keys(), {path.name for path in KNOBS.iterdir()})
        for row in rows.values():
            with self.subTest(row["name"]):
                self.assertTrue(row["what"])
                self.assertEqual(row["value"], (KNOBS / row["name"]).read_text(encoding="ascii").strip())
        self.assertEqual((rows["msl_ms"]["unit"], rows["msl_ms"]["range"], rows["msl_ms"]["rfc"]),
                         ("ms", "1..900000", "RFC 9293 3.4.2"))

    def test_what_differs_from_the_default(self):
        before = {row["name"] for row in self.json("knobs", "--changed")}
        self.xtcp("set", "msl_ms=1234", "isn_mode=random")
        changed = {row["name"]: row["value"] for row in self.json("knobs", "--changed")}
        self.assertEqual(changed.keys() - before, {"msl_ms", "isn_mode"} - before)
        self.assertEqual(changed["msl_ms"], "1234")

    def test_get_and_set_in_every_spelling(self):
        self.xtcp("set", "net.xtcp.msl_ms=2000")
        self.xtcp("set", "syn_retries", "7")
        self.assertEqual(self.xtcp("get", "net/xtcp/msl_ms"), "2000\n")
        self.assertEqual(self.xtcp("get", "msl_ms", "syn_retries"), "msl_ms=2000\nsyn_retries=7\n")

    def test_refusals(self):
        self.refuses("did you mean msl_ms", "get", "msl")
        self.refuses("did you mean syn_retries", "set", "syn_retry=3")
        self.refuses("out of its range: 1..900000 ms", "set", "msl_ms=0")
        self.refuses("out of its range: rfc6528 random constant", "set", "isn_mode=7up")
        self.refuses("is not NAME=VALUE", "set", "msl_ms", status=2)
        self.refuses("experiments=1", "set", "handshake_ways=2")
        self.refuses("needs root", "set", "msl_ms=1", front=NOBODY)
        self.refuses("not yours to read", "get", "fastopen_key", front=NOBODY)

    def test_save_keeps_what_is_there_of_others(self):
        with self.own_etc() as file:
            file.write_text("net.xtcp.syn_retries = 3\nnet.xtcp.msl_ms = 9\n", encoding="ascii")
            self.xtcp("set", "--save", "msl_ms=1000", "delack_ms=10")
            self.assertEqual(file.read_text(encoding="ascii"),
                             "net.xtcp.syn_retries = 3\nnet.xtcp.msl_ms = 1000\nnet.xtcp.delack_ms = 10\n")
            subprocess.run(["sysctl", "-q", "-p", file], check=True)
        self.assertEqual((KNOBS / "syn_retries").read_text(encoding="ascii"), "3\n")


class Stat(CommandTest):
    def values(self, *words):
        return {row["name"]: row["value"] for row in self.json("stat", *words)}

    def test_since_the_last_look(self):
        self.pair()
        self.assertEqual(self.values("Opens"), {"ActiveOpens": 1, "PassiveOpens": 1})
        self.assertEqual(self.values("Opens"), {})
        self.pair()
        self.assertEqual(self.values("--keep", "Opens"), {"ActiveOpens": 1, "PassiveOpens": 1})
        self.assertEqual(self.values("Opens"), {"ActiveOpens": 1, "PassiveOpens": 1})
        self.assertEqual(self.values("--all", "Opens"), {"ActiveOpens": 2, "PassiveOpens": 2})

    def test_every_counter_has_a_group_and_a_meaning(self):
        rows = {row["name"]: row for row in self.json("stat", "--all", "--zero")}
        self.assertEqual(rows.keys(), counters().keys())
        self.assertEqual([row["name"] for row in rows.values() if not row["means"] or not row["group"]], [])
        row = rows["SynTimeouts"]
        self.assertEqual((row["group"], row["means"]), ("handshakes", "connect() gave up"))
        self.assertEqual(rows["DropPaws"]["group"], "segments dropped")


class Trace(CommandTest):
    def setUp(self):
        super().setUp()
        if not (TRACING / "events").is_dir():
            subprocess.run(["mount", "-t", "tracefs", "tracefs", str(TRACING)], check=False)
        if not (TRACING / "events/xtcp").is_dir():
            self.skipTest("this kernel has no tracefs")

    def traced(self, work, *args):
        """What is printed while `work` runs; it ends after --count lines."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as said, subprocess.Popen(
                [COMMAND, "trace", *args], stdout=said, stderr=subprocess.PIPE, text=True) as tracer:
            self.assertIn("tracing", tracer.stderr.readline())
            work()
            self.assertEqual(tracer.wait(), 0, tracer.stderr.read())
            said.seek(0)
            self.assertEqual(list(TRACING.glob("instances/xtcp-*")), [])
            return said.read()

    def test_states_of_one_connection(self):
        listener = self.listener()
        port = listener.getsockname()[1]

        def work():
            client, server = self.pair(listener)
            client.close()
            server.close()

        said = self.traced(work, "--json", "--count", "6", f"dport = :{port}")
        rows = [json.loads(line) for line in said.splitlines()]
        self.assertEqual([(row["oldstate"], row["newstate"]) for row in rows], [
            ("CLOSED", "SYN_SENT"), ("SYN_SENT", "ESTABLISHED"), ("ESTABLISHED", "FIN_WAIT_1"),
            ("FIN_WAIT_1", "FIN_WAIT_2"), ("FIN_WAIT_2", "TIME_WAIT"), ("FIN_WAIT_2", "CLOSED")])
        self.assertEqual({row["local_address"] for row in rows}, {LOCALHOST})

    def test_a_ladder_with_segments(self):
        listener = self.listener()
        port = listener.getsockname()[1]
        said = self.traced(lambda: self.pair(listener), "--segments", "--count", "7", "exclude", "listening",
                           "sport", f":{port}", "or", "dport", f":{port}")
        for line in (r"#1 is 127\.0\.0\.1:\d+ \(left\) and 127\.0\.0\.1:" + str(port), "CLOSED > SYN_SENT",
                     r"- SYN seq 0 -+>", r"<-+ SYN,ACK seq 0 ack 1 -", "- ACK seq 1 ack 1 -+>",
                     "SYN_SENT > ESTABLISHED", "SYN_RCVD > ESTABLISHED"):
            self.assertRegex(said, line)

    def test_a_retransmission(self):
        self.silence()
        self.sysctl("net/xtcp/rto_init_ms", 200)
        self.sysctl("net/xtcp/syn_retries", 2)
        said = self.traced(lambda: self.nonblocking(("192.0.2.1", 80)), "--count", "4", "dst", "192.0.2.1")
        self.assertRegex(said, r"(?s)again, 1; rto 0\.4 s.*- SYN seq.*>.*again, 2; rto 0\.8 s.*SYN_SENT > CLOSED")

    def test_sigterm_leaves_nothing(self):
        with subprocess.Popen([COMMAND, "trace"], stderr=subprocess.PIPE, text=True) as tracer:
            tracer.stderr.readline()
            tracer.send_signal(signal.SIGTERM)
            self.assertEqual(tracer.wait(), 0)
        self.assertEqual(list(TRACING.glob("instances/xtcp-*")), [])

    def test_for_root(self):
        self.refuses("for root", "trace", front=NOBODY)


class Others(CommandTest):
    def test_ss_and_nstat_look_at_xtcp(self):
        port = self.listener().getsockname()[1]
        self.assertRegex(self.xtcp("ss"), rf"LISTEN .*{LOCALHOST}:{port} ")
        self.pair()
        self.assertRegex(self.xtcp("nstat", "-asz", "XtcpActiveOpens"), r"XtcpActiveOpens +1 ")

    def test_abort_says_what_is_wrong(self):
        self.refuses("no connection or listener", "abort", "127.0.0.1:1", "127.0.0.1:2")
        self.refuses("not two addresses", "abort", "here", "there")
        self.refuses("abort all, or abort LOCAL REMOTE", "abort", "127.0.0.1:1", status=2)
        self.refuses("needs root", "abort", "all", front=NOBODY)

    def test_network_namespaces(self):
        self.listener()
        inside = self.json("--netns", str(os.getpid()), "list")
        self.assertEqual([row["state"] for row in inside], ["LISTEN"])
        self.assertEqual(self.json("list", "--netns", "1"), [])
        self.refuses("no network namespace 'nowhere'", "-n", "nowhere", "list")
        self.refuses("needs root", "-n", "1", "list", front=NOBODY)

    def test_every_command_has_help(self):
        words = [line.split()[0] for line in self.xtcp("help").split("COMMAND\n")[1].split("\n\n")[0].splitlines()
                 if line.startswith("    ") and not line.startswith("     ")]
        self.assertIn("trace", words)
        for word in words:
            with self.subTest(word):
                self.assertIn("usage: xtcp " + word, self.xtcp(word, "--help"))

    def test_abort_ends_one(self):
        client, server = self.pair()
        self.xtcp("abort", name(client.getsockname()), name(server.getsockname()))
        self.assertEqual(self.states_left(), ["LISTEN"])

    def states_left(self):
        return [row["state"] for row in self.json("list")]
