#!/usr/bin/env python3
"""The guest's part of `make demo` (demo.sh): loads the module and shows it at work.

To be run inside a place of tests, as root: scripts/run.sh 6.12 --no-insmod python3 scripts/demo.py

What it claims it has measured or compared. The last lines say what was not so; the exit status is 0 if all was.
XTCP_DEMO_COLOR=1: colours. XTCP_DEMO_SLACK: seconds that a slow machine may be late (default 0.5).
"""
import contextlib
import errno
import hashlib
import os
import pathlib
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
XTCP = [str(HERE / "xtcp"), "run"]
KO = os.environ["XTCP_KO"]
SLACK = float(os.environ.get("XTCP_DEMO_SLACK", "0.5"))
COLOR = os.environ.get("XTCP_DEMO_COLOR") == "1"
KNOBS = pathlib.Path("/proc/sys/net/xtcp")
IPPROTO_XTCP, SO_TIMESTAMPNS, ETH_P_ALL, ETH_P_IP = 253, 35, 3, 0x0800
FIN, SYN, RST, ACK = 1, 2, 4, 16
LISTEN, TIME_WAIT = "0A", "06"
PATIENCE = 60 + SLACK  # s, for what has no time of its own
FILE = pathlib.Path(sys.executable).resolve()  # more than buffers hold: who does not read on keeps the connection
SILENT = "192.0.2.1"  # of a network for documentation (RFC 5737); its device here swallows all
COMPLAINTS = re.compile(r"BUG|WARNING|Oops|Call Trace|refcount_t|general protection|detected stall|blocked for more")

wrong = []


# -- telling ------------------------------------------------------------------------------------------------------


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOR else text


def say(text=""):
    print(text, flush=True)


def chapter(title):
    say(paint("1", title))


def command(text):
    say(paint("36", f"  # {text}"))


def claim(text, true):
    """Say what should be so, and whether it is."""
    say(f"  {paint('32', 'ok') if true else paint('1;31', 'NOT SO')}  {text}")
    if not true:
        wrong.append(text)


def on_time(seconds, wanted):
    """Never early (two milliseconds are for the clocks), and late only as a slow machine is."""
    return wanted - 0.002 <= seconds <= wanted + SLACK


# -- the system ---------------------------------------------------------------------------------------------------


def run(*words, **how):
    """A program's output; what went wrong is said by the exception."""
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "timeout": PATIENCE, **how}
    done = subprocess.run(words, check=False, **how)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: status {done.returncode}: {(done.stdout or '').strip()}")
    return done.stdout


def knob(name, value, told=True):
    if told:
        command(f"sysctl net.xtcp.{name}={value}")
    (KNOBS / name).write_text(str(value), encoding="ascii")


def rows(table, state, port):
    """The rows of /proc/net/<table> in this state whose local port this is."""
    lines = pathlib.Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]
    split = [line.split() for line in lines]
    return [row for row in split if row[3] == state and int(row[1].split(":")[1], 16) == port]


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited in vain: {what}")
        time.sleep(0.005)


def ss(words, stack):
    """The lines of an unmodified ss, about the kernel's TCP or xtcp."""
    where = {"PROC_NET_TCP": "/proc/net/xtcp", "PROC_NET_TCP6": "/proc/net/xtcp6"} if stack == "xtcp" else {}
    return run("ss", "-Htan4", *words, env={**os.environ, **where}).splitlines()


def show(lines):
    for line in lines:
        say("  " + re.sub("  +", "  ", line).rstrip())


# -- the wire -----------------------------------------------------------------------------------------------------


class Wire:
    """Segments of one port as they leave, with the kernel's time of each."""

    def __init__(self, device, port, protocol=IPPROTO_XTCP):
        self.port, self.protocol, self.first = port, protocol, None
        self.tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.tap.bind((device, ETH_P_ALL))
        self.tap.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

    def segments(self, done=lambda: False):
        """(seconds since the first, flags, to the port?, text), until `done` and none is left."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            over = done()
            if not select.select([self.tap], [], [], 0 if over else 0.02)[0]:
                if over:
                    return
                continue
            data, control, _, address = self.tap.recvmsg(2048, 256)
            seen = self.parse(data, address)
            if seen:
                seconds, nanoseconds = struct.unpack("ll", control[0][2][:16])
                at = seconds * 1000000000 + nanoseconds
                self.first = self.first or at
                yield ((at - self.first) / 1e9, *seen)

    def parse(self, data, address):
        """On loopback each comes twice; the one that leaves counts."""
        if address[1] != ETH_P_IP or address[2] != socket.PACKET_OUTGOING or data[9] != self.protocol:
            return None
        tcp = data[(data[0] & 15) * 4:]
        source, target = struct.unpack("!HH", tcp[:4])
        if self.port not in (source, target):
            return None
        return tcp[13], target == self.port, len(tcp) - (tcp[12] >> 4) * 4

    def close(self):
        self.tap.close()


def rung(at, flags, forth, text=0, remark=""):
    """One segment of a ladder."""
    names = "-".join(name for bit, name in ((SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (ACK, "ACK")) if flags & bit)
    names += f" {text} octets" if text else ""
    arrow = f"--- {names} ".ljust(26, "-") + ">" if forth else "<" + f" {names} ---".rjust(26, "-")
    say(f"  {at:9.6f} s   client {arrow} server   {remark}".rstrip())


def in_thread(function):
    """Run it beside; its result, or its exception, is in the list in the end."""
    result = []

    def body():
        try:
            result.append(function())
        except OSError as error:
            result.append(error)
    threading.Thread(target=body, daemon=True).start()
    return result


def xtcp_socket():
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_XTCP)


# -- the story ----------------------------------------------------------------------------------------------------


def load():
    chapter("1. A second TCP for the kernel that runs")
    command("insmod xtcp.ko")
    run("insmod", KO)
    for name, meaning in (("syn_retries", "a SYN again after 1, 3, 7, 15, 31 s; ETIMEDOUT at 63 s"),
                          ("synack_retries", "the same of SYN-ACKs, with a knob of their own"),
                          ("msl_ms", "TIME_WAIT lasts twice as long"),
                          ("wire_protocol", "the IP protocol; 6 talks to any TCP there is")):
        say(f"    net.xtcp.{name:15} {(KNOBS / name).read_text(encoding='ascii').strip():>6}   {meaning}")
    claim(f"loaded; {len(list(KNOBS.iterdir()))} knobs in {KNOBS}, a set of them in every network namespace",
          xtcp_socket().getsockopt(socket.SOL_SOCKET, 38) == IPPROTO_XTCP)


@contextlib.contextmanager
def web_server(port, *wrap):
    """An unmodified server of FILE's directory."""
    with subprocess.Popen([*wrap, "python3", "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", FILE.parent],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            yield server
        finally:
            server.send_signal(signal.SIGKILL)


def fetch(port, meanwhile, *wrap):
    """curl FILE; read a little, look around, read on. Gives size and sha256."""
    sum_, size = hashlib.sha256(), 0
    with subprocess.Popen([*wrap, "curl", "-sS", f"http://127.0.0.1:{port}/{FILE.name}"],
                          stdout=subprocess.PIPE) as curl:
        data = os.read(curl.stdout.fileno(), 1 << 16)
        meanwhile()
        while data:
            sum_.update(data)
            size += len(data)
            data = os.read(curl.stdout.fileno(), 1 << 20)
    return size, sum_.hexdigest()


def sha256():
    with open(FILE, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_over_xtcp(wanted):
    chapter("2. Ordinary programs over it, unchanged")
    command("xtcp run python3 -m http.server 8080 &")
    with web_server(8080, *XTCP):
        until(lambda: rows("xtcp", LISTEN, 8080), "the server listens")
        command(f"xtcp run curl http://127.0.0.1:8080/{FILE.name} &   # and, while it runs:")
        shown = []

        def look():
            command("PROC_NET_TCP=/proc/net/xtcp ss -tan")
            shown.extend(ss(["dport", "=", ":8080"], "xtcp"))
            show(shown)
        start = time.monotonic()
        size, digest = fetch(8080, look, *XTCP)
        claim(f"ss saw it ESTABLISHED; {size:,} octets in {time.monotonic() - start:.1f} s, the sha256"
              f" {digest[:12]}... is the file's", digest == wanted and any("ESTAB" in line for line in shown))
        until(lambda: rows("xtcp", TIME_WAIT, 8080), "TIME_WAIT")
        command("PROC_NET_TCP=/proc/net/xtcp ss -tano   # now that it is over")
        shown = ss(["-o", "state", "time-wait"], "xtcp")
        show(shown)
        claim("who closed first, the server, keeps it in TIME_WAIT, a minute by default",
              any(":8080" in line and "timewait" in line for line in shown))


def silence():
    chapter("3. Nobody answers: connect() gives up after 1 + 2 + 4 = 7 s")
    run("ip", "-batch", "-", input="link add silent type dummy\nlink set silent up\n"
                                   "addr add 192.0.2.2/24 dev silent\n")
    knob("syn_retries", 2)
    command(f"connect to {SILENT}, where nobody is")
    wire = Wire("silent", 9)
    sock = xtcp_socket()
    start = time.monotonic()
    ended = in_thread(lambda: (sock.connect_ex((SILENT, 9)), time.monotonic() - start))
    times = []
    for at, flags, forth, _ in wire.segments(lambda: ended):
        times.append(at)
        rung(at, flags, forth, remark="lost")
    wire.close()
    error, took = ended[0]
    say(f"  {took:9.6f} s   {os.strerror(error)}")
    ladder = len(times) == 3 and all(on_time(at, wanted) for at, wanted in zip(times, (0, 1, 3)))
    claim("three SYNs, at 0, 1 and 3 s, and ETIMEDOUT at 7 s",
          ladder and error == errno.ETIMEDOUT and on_time(took, 7))
    knob("syn_retries", 5, told=False)


def pair(listener, meanwhile=lambda: None):
    """A connection of this program to itself: client, server."""
    client = xtcp_socket()
    ended = in_thread(lambda: client.connect(listener.getsockname()))
    meanwhile()
    server = listener.accept()[0]
    until(lambda: ended, "connect()")
    if ended[0] is not None:
        raise ended[0]
    return client, server


def listening(port):
    listener = xtcp_socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    listener.settimeout(PATIENCE)
    return listener


def close_both(client, server):
    """The client first. When its TIME_WAIT began (the last column of /proc/net/xtcp is a state's age), and its port."""
    port, seen = client.getsockname()[1], []
    client.close()
    server.recv(1)
    server.close()
    until(lambda: seen.append((time.monotonic(), rows("xtcp", TIME_WAIT, port))) or seen[-1][1], "TIME_WAIT")
    at, [row] = seen[-1]
    return at - int(row[-1]) / 1000, port


def time_wait():
    chapter("4. TIME_WAIT as long as you like, from now on")
    knob("msl_ms", 1000)
    with listening(8081) as listener:
        began, port = close_both(*pair(listener))
        until(lambda: not rows("xtcp", TIME_WAIT, port), "the end of TIME_WAIT")
        took = time.monotonic() - began
    claim(f"a TIME_WAIT that begins now ends after 2 s: {took:.3f} s", on_time(took, 2))


def lost_syn_ack():
    chapter("5. The second segment of the handshake is lost, once")
    command("nft ... ip protocol 253, flags SYN+ACK: limit rate 1/day burst 1 packets, drop")
    run("nft", "add table ip demo; add chain ip demo in { type filter hook input priority 0; };"
               " add rule ip demo in ip protocol 253 @th,104,8 & 18 == 18 limit rate 1/day burst 1 packets drop")
    wire = Wire("lo", 8082)
    with listening(8082) as listener:
        seen = []

        def watch():
            for at, flags, forth, text in wire.segments(lambda: established(seen)):
                seen.append((at, flags, forth))
                rung(at, flags, forth, text, remark_on(seen))
        client, server = pair(listener, watch)
        client.sendall(b"hello")
        said = server.recv(5)
        close_both(client, server)
    wire.close()
    run("nft", "delete table ip demo")
    again = [(at, forth) for at, flags, forth in seen[2:] if flags & SYN]
    asked = [who for who, did in (("the client", any(forth for _, forth in again)),
                                  ("the server", bool(again) and not again[0][1])) if did]
    claim(f"a second later, not before, asked again: {' and '.join(asked)}; then they talk",
          bool(again) and on_time(again[0][0], 1) and seen[1][1] == SYN | ACK and said == b"hello")


def established(seen):
    """The server has said SYN-ACK again, and the client has acknowledged it."""
    return sum(flags & (SYN | ACK) == SYN | ACK for _, flags, _ in seen) > 1 and seen[-1][1] == ACK and seen[-1][2]


def remark_on(seen):
    _, flags, forth = seen[-1]
    same = sum(one[1:] == (flags, forth) for one in seen)
    if flags == SYN | ACK and same == 1:
        return "lost"
    if same > 1:
        return "again" if flags & SYN else ""
    return "" if flags & SYN else "established"


def kernels_tcp(wanted):
    chapter("6. The other end is the kernel's own TCP: IP protocol 6 on the wire")
    until(lambda: rows("tcp", LISTEN, 8083), "the kernel's server listens")
    command(f"python3 -m http.server 8083 &   xtcp run --wire=6 curl http://127.0.0.1:8083/{FILE.name} &")
    ours, theirs = [], []

    def look():
        theirs.extend(ss(["state", "connected", "sport", "=", ":8083"], "kernel"))
        ours.extend(ss(["dport", "=", ":8083"], "xtcp"))
        show([f"kernel: {line}" for line in theirs] + [f"xtcp:   {line}" for line in ours])
    size, digest = fetch(8083, look, *XTCP, "--wire=6")
    claim(f"one end is in the kernel's table, the other in xtcp's; {size:,} octets, sha256 equal",
          digest == wanted and bool(ours) and bool(theirs))


def unload():
    chapter("7. And away with it")
    command("xtcp abort all; rmmod xtcp; dmesg")
    run(str(HERE / "xtcp"), "abort", "all")
    end = time.monotonic() + PATIENCE
    while subprocess.run(["rmmod", "xtcp"], stderr=subprocess.DEVNULL, check=False).returncode:
        if time.monotonic() > end:
            break
        time.sleep(0.1)
    try:
        xtcp_socket().close()
        gone = False
    except OSError:
        gone = True
    gone = gone and not KNOBS.exists() and not pathlib.Path("/sys/module/xtcp").exists()
    complaints = [line for line in run("dmesg", "-t").splitlines() if COMPLAINTS.search(line)]
    show(complaints)
    claim("no module, no knobs, no socket of protocol 253 any more; no complaint in the kernel's log",
          gone and not complaints)


def story():
    wanted = sha256()
    with web_server(8083):  # starts while the rest is told
        load()
        file_over_xtcp(wanted)
        silence()
        time_wait()
        lost_syn_ack()
        kernels_tcp(wanted)
    unload()


def main():
    start = time.monotonic()
    try:
        story()
    except (OSError, RuntimeError, TimeoutError, subprocess.TimeoutExpired, IndexError) as error:
        claim(f"{type(error).__name__}: {error}", False)
    say(f"{time.monotonic() - start:.0f} s; " + ("all of it was so" if not wrong else "not so: " + "; ".join(wrong)))
    sys.exit(bool(wrong))


main()
