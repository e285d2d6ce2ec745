"""The laboratory: how to write an experiment.

An experiment is a file in experiments/, its name with `_` for `-`. It holds one function, which reads like what it
does:

    from lab import experiment, shown

    @experiment(questions=[20], rfc="RFC 9293 3.8.3, RFC 6298 5.5", zh="...")
    def run(lab):
        '''What happens when the first segment of the handshake is lost?'''
        lab.lose("SYN")                                                # every one
        lab.listen()
        client = lab.socket()
        error = client.connect()

        times, end = lab.schedule("syn_retries", "syn_linear_timeouts")  # what must happen, from the knobs
        lab.check("SYNs go out at (s)", times, [syn.s for syn in lab.sent("client", "SYN")])
        lab.check("connect() fails at (s)", end, client.returned_s)
        lab.check("with", "ETIMEDOUT", error)
        lab.figures.end = client.returned_s
        lab.answer(f"The client ... {shown(client.returned_s)} s.", "...")

    def beside(xtcp, kernel):      # optional: the figures of both runs; what differs, and who is right by which section
        return f"It gives up after {shown(kernel.end)} s ...", "..."

It runs over xtcp (protocol 253 at both ends) and then, unless @experiment says kernel=False, over the kernel's own
TCP (protocol 6), each time from nothing: two fresh namespaces, `client` (10.9.0.1) and `server` (10.9.0.2), joined by
a cable that this process is (cable.py), delay_ms one way (@experiment(delay_ms=10)). `lab.kernel` says which it is. A
failed check of xtcp's run fails `make lab`; one of the kernel's is told as a difference. `plot=True`: it is about
data, watch a socket. Time is virtual: waiting costs nothing and is exact, so what takes hours is just waited for. All
times here are seconds (float) since the first call or segment, but for names that end in _ms. The sentences are
English and Chinese.

Knobs
    lab.knob(name, side="client")  its value there (int, or a word): net.xtcp's, or the same of the kernel's TCP, of
                                   which some are compiled in (COMPILED). What is read is listed in the result.
    lab.set(side="", name=value, ...)  at one side or both; what the user's SET names stays as he has it. The kernel's
                                   TCP gets it where it has that knob. SET="server.synack_retries=2 msl_ms=1000".
                                   Those that break TCP on purpose may be set (the module is loaded with experiments=1).
    lab.schedule(retries, linear="", first_ms=None, side="client")
                                   (times of all transmissions, when it is given up), by these knobs and the doubling of
                                   RFC 6298 5.5; first_ms instead of rto_init_ms. Compute from knobs, not from numbers.

Sockets: never block the process; a call returns when it is done, and meanwhile the cable works
    lab.listen(port=80, backlog=16, side="server"), lab.socket(side="client", port=0)      port: bound to that one
    lab.accept(limit=600)          the next connection of the last listener (or listener.accept()); Timeout if none
    lab.pair(port=80)              listen, connect, accept: (client, server)
    lab.life(port=0, closer="client")
                                   a whole connection to the last listener, which that side closes first, so that it
                                   has the TIME_WAIT: (client, server), or (client, None) where client.error says why
    sock.connect(port=80, to="")   gives "" or "ECONNREFUSED" ...; sock.begin(...) does not wait, sock.finish() does.
                                   sock.began_s, sock.returned_s: when
    sock.send(data)                gives "" or an error's name when all is in the send buffer
    sock.receive(count)            that many octets, or fewer at the end of the stream or at an error (sock.error)
    sock.receive_all()             up to the end of the stream
    sock.shutdown(), sock.close(), sock.abort() (RST)
    sock.pour(data), sock.drain()  send, receive (into sock.received; sock.ended: all came) in the background
    sock.option(level, name[, value]), sock.info() (TCP_INFO, a dict), sock.raw (Python's socket), sock.port, sock.peer

Time
    lab.wait(seconds), lab.until(function, limit=600) (gives whether it came true), lab.settle(): the cable is empty
    lab.now, lab.one_way (the cable's delay)

Faults: what happens to segments on the cable. The first word says which: "SYN" "SYN-ACK" "ACK" (a pure one) "data"
(with
text) "FIN" "RST" "PSH" "URG" (with that flag) "any" "UDP" "ICMP", or a function of a Segment (segment.py).
    lab.lose(what, sender="", times=inf, skip=0)    times: so many of them; skip: after so many that pass
    lab.delay(what, ms, ...)  lab.duplicate(what, ms, ...): a copy, so much later  lab.spoil(what, ...): its last octet
    lab.hold(what, ...)            keep them; lab.held() lists, lab.release(trip) lets one arrive, now
    lab.forget(rule)               each of the above gives its rule
    lab.replay(trip)               what was on the cable before arrives once more, now
    lab.inject(to, flags, seq, ack, source_port, port=80, text=b"", options=b"", window=65535)
                                   a segment in the name of the other end arrives, now; it gives its trip
    lab.link(delay_ms=, rate_kbit=, queue=, sender="")     the cable, both ways or one; queue: packets that may wait

What was seen: on the cable, and by tracepoints of both ends (states.py)
    lab.sent(sender="", what="any")  trips of what sockets sent, in order: .s (when), .arrived_s (None if not), .lost,
                                   .sender, .length, .seq and .ack relative to the ISNs, .segment (flags, options,
                                   window, text ..., seq and ack as they are)
    lab.walk(sock)                 the states it went through, in order; lab.walk("server"): the last connection there
    lab.since(sock)["TIME_WAIT"]   when a state began (the last time)
    lab.state_times(side, sock=None)  both: [(s, state), ...]
    lab.table(side, state="")      rows of /proc/net/xtcp (tcp) there, in that state: dicts (states.py)
    lab.drops(side)                {reason: how often} of segments dropped there (xtcp_drop); {} of the kernel's TCP
    lab.watch(sock)                keep what TCP_INFO says after each arrival; plots are made of it and of the cable
    lab.series(sock)               [(s, {"cwnd", "ssthresh", "rtt_ms", "unacked", "mss"} or {"in_flight", "window"})]
    lab.note(side, text)           words in the ladder, now (calls of sockets are there already)

What it says
    lab.check(text, expected, measured, tolerance=0.001)   equal; floats, in lists too, within the tolerance
    lab.true(text, condition, measured="")
    lab.answer(en, zh)             two or three sentences with this run's figures; line breaks do not matter
    lab.figures.NAME = value       for beside()
    shown(1.0, 3.0123)             "1, 3.012": seconds for a sentence
"""
import contextlib
import dataclasses
import errno
import math
import select
import socket
import struct
import types

import cable as cables
import segment as segments
import states

COMPILED = {"rto_init_ms": 1000, "rto_max_ms": 120000, "msl_ms": 30000, "synack_linear_timeouts": 0, "delack_ms": 40,
            "initial_cwnd": 10, "isn_tick_ns": 64, "handshake_ways": 3,
            "tw_reuse_delay_ms": 1000}  # into Linux 6.12
# net.ipv4.tcp_NAME and how many of ours one of its units is
SYSCTLS = {"syn_retries": 1, "synack_retries": 1, "syn_linear_timeouts": 1, "retries1": 1, "retries2": 1,
           "orphan_retries": 1, "fin_timeout_ms": 1000, "keepalive_time_ms": 1000, "keepalive_intvl_ms": 1000,
           "keepalive_probes": 1, "max_syn_backlog": 1, "max_tw": 1, "syncookies": 1, "abort_on_overflow": 1,
           "tw_reuse": 1, "rfc1337": 1, "timestamps": 1, "window_scaling": 1, "reordering": 1,
           "slow_start_after_idle": 1, "fastopen": 1, "rto_min_ms": 0.001, "challenge_ack_limit": 1,
           "invalid_ratelimit_ms": 1}
OTHER_NAMES = {"fin_timeout_ms": "fin_timeout", "keepalive_time_ms": "keepalive_time",
               "keepalive_intvl_ms": "keepalive_intvl", "max_tw": "max_tw_buckets", "rto_min_ms": "rto_min_us",
               "invalid_ratelimit_ms": "invalid_ratelimit"}
EXPERIMENTS = {}
LIMIT_S = 600


def shown(*values):
    """Seconds for a sentence: "1, 3.012"."""
    return ", ".join(f"{value:.3f}".rstrip("0").rstrip(".") for value in values)


@dataclasses.dataclass
class Experiment:
    """What @experiment knows of a function."""
    name: str
    run: object
    questions: list
    rfc: str
    en: str
    zh: str
    kernel: bool
    plot: bool
    delay_ms: float
    beside: object = None


def experiment(questions, rfc, zh, kernel=True, plot=False, delay_ms=10):
    """Makes an experiment of a function, whose docstring's first line is its question."""
    def make(run):
        name = run.__module__.replace("_", "-")
        en = run.__doc__.strip().splitlines()[0]
        EXPERIMENTS[name] = Experiment(name, run, questions, rfc, en, zh, kernel, plot, delay_ms)
        return run
    return make


class Timeout(Exception):
    """What the experiment waits for does not happen."""


def error_name(code):
    return errno.errorcode.get(code, "") if code else ""


class Moments(dict):
    """{state: when it began}; of one that never was: not a number."""

    def __missing__(self, state):
        return math.nan


class Sock:  # pylint: disable=too-many-instance-attributes
    """A socket of one side; see above."""

    def __init__(self, lab, side, raw):
        self.lab, self.side, self.raw = lab, side, raw
        self.raw.setblocking(False)
        self.error, self.ended, self.received, self.poured = "", False, bytearray(), b""
        self.began_s = self.returned_s = self.peer = None
        self.port = raw.getsockname()[1]

    def wait(self, events, limit=LIMIT_S):
        """Until poll() says one of these, or an error."""
        poll = select.poll()
        poll.register(self.raw, events)
        if not poll.poll(0) and not self.lab.cable.run(self.lab.end_ns(limit), None, (self.raw.fileno(), events)):
            raise Timeout(f"{self.side}: nothing happens to a socket for {limit:g} s")

    def begin(self, port=80, to=""):
        target = to or self.lab.cable.other(self.side).address
        self.lab.note(self.side, "connect()")
        self.began_s = self.lab.now
        self.error = error_name(self.raw.connect_ex((target, port)))
        self.error = "" if self.error == "EINPROGRESS" else self.error
        self.port, self.peer = self.raw.getsockname()[1], port
        self.lab.cable.take()
        return self

    def finish(self, limit=10**6):
        self.wait(select.POLLOUT, limit)
        self.error = self.error or error_name(self.raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        self.returned_s = self.lab.now
        self.lab.note(self.side, self.error or "connected")
        return self.error

    def connect(self, port=80, to=""):
        return self.begin(port, to).finish()

    def accept(self, limit=LIMIT_S):
        self.wait(select.POLLIN, limit)
        raw, peer = self.raw.accept()
        sock = Sock(self.lab, self.side, raw)
        sock.peer = peer[1]
        self.lab.note(self.side, "accept()")
        return self.lab.keep(sock)

    def send(self, data, limit=LIMIT_S):
        self.lab.note(self.side, f"send {len(data)}")
        while data:
            try:
                data = data[self.raw.send(data):]
                self.lab.cable.take()
            except BlockingIOError:
                self.wait(select.POLLOUT, limit)
            except OSError as error:
                self.error = error_name(error.errno)
                return self.error
        return ""

    def receive(self, count, limit=LIMIT_S):
        data = b""
        while len(data) < count:
            try:
                piece = self.raw.recv(min(count - len(data), 1 << 20))
            except BlockingIOError:
                self.wait(select.POLLIN, limit)
                continue
            except OSError as error:
                self.error = error_name(error.errno)
                self.lab.note(self.side, self.error)
                break
            if not piece:
                self.ended = True
                self.lab.note(self.side, "end of stream")
                break
            data += piece
        return data

    def receive_all(self, limit=LIMIT_S):
        return self.receive(1 << 40, limit)

    def shutdown(self):
        self.lab.note(self.side, "shutdown()")
        self.raw.shutdown(socket.SHUT_WR)
        self.lab.cable.take()

    def close(self):
        self.lab.note(self.side, "close()")
        self.lab.cable.jobs.pop(self.raw.fileno(), None)
        self.raw.close()
        self.lab.cable.take()

    def abort(self):
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def option(self, level, name, value=None):
        if value is None:
            return self.raw.getsockopt(level, name)
        return self.raw.setsockopt(level, name, value)

    def info(self):
        """What TCP_INFO says."""
        data = self.raw.getsockopt(6, socket.TCP_INFO, 104)
        names = ("rto", "ato", "snd_mss", "rcv_mss", "unacked", "sacked", "lost", "retrans", "fackets",
                 "last_data_sent", "last_ack_sent", "last_data_recv", "last_ack_recv", "pmtu", "rcv_ssthresh", "rtt",
                 "rttvar", "ssthresh", "cwnd", "advmss", "reordering", "rcv_rtt", "rcv_space", "total_retrans")
        return dict(zip(names, struct.unpack("24I", data[8:104])), state=data[0], ca_state=data[1])

    def pour(self, data):
        self.poured = memoryview(bytes(data))
        self.lab.note(self.side, f"send {len(data)}")
        self.lab.cable.jobs[self.raw.fileno()] = (select.POLLOUT, self.pour_more)

    def pour_more(self):
        try:
            while self.poured:
                self.poured = self.poured[self.raw.send(self.poured[:65536]):]
        except BlockingIOError:
            return True
        except OSError as error:
            self.error = error_name(error.errno)
        return False

    def drain(self):
        self.lab.cable.jobs[self.raw.fileno()] = (select.POLLIN, self.drain_more)

    def drain_more(self):
        try:
            while piece := self.raw.recv(1 << 20):
                self.received += piece
            self.ended = True
        except BlockingIOError:
            return True
        except OSError as error:
            self.error = error_name(error.errno)
        return False


class View:
    """A Trip with times in seconds and numbers relative to the ISNs."""

    def __init__(self, lab, trip):
        self.lab, self.trip, self.segment = lab, trip, trip.segment

    def __getattr__(self, name):
        return getattr(self.trip, name)

    @property
    def s(self):
        return self.lab.seconds(self.trip.at_ns)

    @property
    def arrived_s(self):
        return self.lab.seconds(self.trip.arrivals_ns[0]) if self.trip.arrivals_ns else None

    @property
    def length(self):
        return self.segment.length

    @property
    def seq(self):
        return self.lab.relative(self.trip.sender, self.segment, self.segment.seq)

    @property
    def ack(self):
        return self.lab.relative(self.lab.cable.other(self.trip.sender).name, self.segment, self.segment.ack)


class Lab:  # pylint: disable=too-many-instance-attributes,too-many-public-methods
    """One run of one experiment over one protocol; see above."""

    experiments = True

    def __init__(self, which, protocol, settings):
        self.which, self.protocol, self.settings, self.kernel = which, protocol, settings, protocol == segments.TCP
        self.client = cables.Host("client", "10.9.0.1")
        self.server = cables.Host("server", "10.9.0.2")
        self.hosts = (self.client, self.server)
        self.cable = cables.Cable(self.hosts, which.delay_ms)
        self.cable.on_trip, self.cable.on_arrival = self.on_trip, self.on_arrival
        self.rows = {host.name: states.KernelRows(host) for host in self.hosts}
        self.zero_ns = None
        self.socks, self.listener, self.isns, self.notes = [], None, {}, []
        self.knobs, self.checks, self.answers, self.watched = {}, [], {"en": "", "zh": ""}, {}
        self.figures = types.SimpleNamespace()
        self.traced = self.changes_ = None
        for name, value in settings.items():
            side, _, name = name.rpartition(".")
            self.write_knob(name, value, side)
        states.begin()

    # -- time

    def seconds(self, ns):
        return (ns - (self.zero_ns or ns)) / 1e9

    @property
    def now(self):
        return self.seconds(cables.now_ns())

    def end_ns(self, seconds):
        return cables.now_ns() + int(seconds * 1e9)

    def start(self):
        self.zero_ns = self.zero_ns or cables.now_ns()

    def wait(self, seconds):
        self.until(lambda: False, seconds)

    def until(self, function, limit=LIMIT_S):
        """The kernel's TIME_WAIT records and requests are looked for meanwhile, where there are some."""
        end = self.end_ns(limit)
        while True:
            watching = self.kernel and any(rows.rows for rows in self.rows.values())
            due_s = min((rows.due_s for rows in self.rows.values() if rows.rows), default=0)
            stop = min(end, self.end_ns(max(due_s - 0.02, 0.01))) if watching else end
            if self.cable.run(stop, function):
                return True
            if watching:
                self.look()
            if cables.now_ns() >= end:
                return False

    def settle(self, limit=LIMIT_S):
        return self.until(lambda: not self.cable.take() and not self.cable.under_way, limit)

    # -- knobs

    @property
    def one_way(self):
        return self.cable.delay_ns["client"] / 1e9

    def host(self, side):
        return self.cable.hosts[side]

    def path(self, name):
        if not self.kernel:
            return f"net/xtcp/{name}", 1
        return f"net/ipv4/tcp_{OTHER_NAMES.get(name, name)}", SYSCTLS.get(name)

    def knob(self, name, side="client"):
        path, unit = self.path(name)
        if unit is None:
            value = COMPILED[name]
        else:
            with self.host(side):
                value = cables.Host.sysctl(path)
            value = int(float(value) * unit) if value.isdigit() else value
            if self.kernel and name == "orphan_retries" and value == 0:
                value = 8  # tcp_orphan_retries()
        self.knobs[name, side] = value
        return value

    def write_knob(self, name, value, side):
        path, unit = self.path(name)
        if unit is None:
            return
        for host in self.hosts:
            if side in ("", host.name):
                with host:
                    host.sysctl(path, value if unit == 1 else round(float(value) / unit))
                self.knobs[name, host.name] = int(value) if str(value).isdigit() else value

    def set(self, side="", **knobs):
        for name, value in knobs.items():
            for host in self.hosts:
                if side in ("", host.name) and name not in self.settings and f"{host.name}.{name}" not in self.settings:
                    self.write_knob(name, value, host.name)

    def schedule(self, retries, linear="", first_ms=None, side="client"):
        steady = self.knob(linear, side) if linear else 0
        wait_ms = first_ms if first_ms is not None else self.knob("rto_init_ms", side)
        most_ms = self.knob("rto_max_ms", side)
        times, at_ms = [0.0], 0
        for number in range(self.knob(retries, side) + steady):
            at_ms += min(wait_ms, most_ms)
            times.append(at_ms / 1000)
            if number >= steady:
                wait_ms *= 2
        return times, (at_ms + min(wait_ms, most_ms)) / 1000

    # -- sockets

    def keep(self, sock):
        self.socks.append(sock)
        return sock

    def socket(self, side="client", port=0):
        with self.host(side):
            raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM, self.protocol)
        if port:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            raw.bind((self.host(side).address, port))
        return self.keep(Sock(self, side, raw))

    def listen(self, port=80, backlog=16, side="server"):
        sock = self.socket(side)
        sock.raw.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.raw.bind((self.host(side).address, port))
        sock.raw.listen(backlog)
        sock.port = port
        self.listener = sock
        return sock

    def accept(self, limit=LIMIT_S):
        return self.listener.accept(limit)

    def pair(self, port=80):
        self.listen(port)
        client = self.socket()
        if error := client.connect(port):
            raise RuntimeError(f"connect(): {error}")
        return client, self.accept()

    def life(self, port=0, closer="client"):
        client = self.socket(port=port)
        if client.connect(self.listener.port):
            return client, None
        server = self.accept()
        first, second = (client, server) if closer == "client" else (server, client)
        first.close()
        second.receive_all()
        second.close()
        self.settle()
        return client, server

    # -- faults

    def rule(self, action, what, sender, times, skip, value=0):
        rule = cables.Rule(action, what, sender, times, skip, value)
        self.cable.rules.append(rule)
        return rule

    def lose(self, what, sender="", times=math.inf, skip=0):
        return self.rule("lose", what, sender, times, skip)

    def delay(self, what, ms, sender="", times=math.inf, skip=0):
        return self.rule("delay", what, sender, times, skip, ms)

    def duplicate(self, what, ms=0, sender="", times=math.inf, skip=0):
        return self.rule("duplicate", what, sender, times, skip, ms)

    def spoil(self, what, sender="", times=math.inf, skip=0):
        return self.rule("spoil", what, sender, times, skip)

    def hold(self, what, sender="", times=math.inf, skip=0):
        return self.rule("hold", what, sender, times, skip)

    def forget(self, rule):
        self.cable.rules.remove(rule)

    def held(self):
        return [View(self, trip) for trip in self.cable.trips if trip.held]

    def release(self, view):
        view.trip.held = False
        self.cable.carry(view.trip, cables.now_ns())
        self.cable.run(cables.now_ns())

    def replay(self, view):
        """On the cable again: a row of its own, not sent by anyone now."""
        self.arrive(cables.Trip(view.trip.sender, cables.now_ns(), view.segment, injected="old"))

    # pylint: disable-next=too-many-arguments
    def inject(self, to, flags, seq=0, ack=0, source_port=0, port=80, text=b"", options=b"", window=65535):
        other, ends = self.cable.other(to), (self.cable.other(to).address, source_port)
        packet = segments.build(self.protocol, ends, (self.host(to).address, port), flags, seq, ack, window, text,
                                options)
        trip = cables.Trip(other.name, cables.now_ns(), segments.parse(packet), injected="made up")
        self.arrive(trip)
        return View(self, trip)

    def arrive(self, trip):
        self.on_trip(trip)
        self.cable.trips.append(trip)
        self.cable.carry(trip, cables.now_ns())
        self.cable.run(cables.now_ns())

    def link(self, delay_ms=None, rate_kbit=None, queue=None, sender=""):
        for name in [sender] if sender else self.cable.hosts:
            if delay_ms is not None:
                self.cable.delay_ns[name] = int(delay_ms * 1e6)
            if rate_kbit is not None:
                self.cable.rate[name] = int(rate_kbit * 1000)
            if queue is not None:
                self.cable.queue_limit[name] = queue

    # -- what is seen

    def on_trip(self, trip):
        self.start()
        segment = trip.segment
        if segment.has("SYN"):
            self.isns.setdefault((trip.sender, segment.source_port, segment.destination_port), segment.seq)

    def on_arrival(self, _):
        self.look()
        for sock in self.watched:
            self.sample(sock)

    def look(self):
        if self.kernel:
            for rows in self.rows.values():
                rows.look(cables.now_ns())

    def relative(self, owner, segment, number):
        """The number relative to the ISN of the end that counts by it; as it is where that is not known."""
        ports = segment.source_port, segment.destination_port
        if self.host(owner).address != segment.source:
            ports = ports[::-1]
        isn = self.isns.get((owner, *ports))
        return number if isn is None else (number - isn + 2**31) % 2**32 - 2**31

    def sent(self, sender="", what="any"):
        return [View(self, trip) for trip in self.cable.trips
                if sender in ("", trip.sender) and not trip.injected and trip.segment.is_(what)]

    def trace(self):
        """What the tracepoints told, up to now."""
        self.traced = (self.traced or []) + states.end()
        found = states.changes(self.traced, self.protocol, self.hosts)
        for change in found:
            self.complete(change)
        if self.kernel:
            found = without_vain(found, [trip.at_ns for trip in self.cable.trips if trip.segment.is_("SYN")])
        # A child of the kernel's listener is in SYN_RCVD when it is ESTABLISHED; its request was before: /proc tells.
        found = [c for c in found if not (self.kernel and c["new"] == "SYN_RCVD" and c["old"] in ("LISTEN", "CLOSED"))]
        if self.kernel:
            found = states.merge(found, [row for rows in self.rows.values() for row in rows.seen])
        states.begin()
        return found

    def complete(self, change):
        """A listener of xtcp has no address, a socket of the kernel's TCP no port before its SYN: known here."""
        if not change["side"]:
            change["side"] = next((s.side for s in self.socks if s.port == change["port"] and not s.peer), "")
        if not change["port"]:
            syns = (trip for trip in self.cable.trips if trip.sender == change["side"] and trip.segment.is_("SYN"))
            change["port"] = next((syn.segment.source_port for syn in syns if syn.at_ns >= change["ns"]), 0)

    def state_times(self, side, sock=None):
        changes = [c for c in self.trace() if c["side"] == side and c["peer_port"]]
        if sock:
            ports = (sock.port, sock.peer)
        elif changes:
            ports = (changes[-1]["port"], changes[-1]["peer_port"])
        return [(self.seconds(c["ns"]), c["new"]) for c in changes if (c["port"], c["peer_port"]) == ports]

    def walk(self, which):
        side, sock = (which.side, which) if isinstance(which, Sock) else (which, None)
        return [state for _, state in self.state_times(side, sock)]

    def since(self, sock):
        return Moments((state, s) for s, state in self.state_times(sock.side, sock))

    def drops(self, side):
        self.trace()
        counts = {}
        for _, name, fields in self.traced:
            if name == "xtcp_drop" and fields["saddr"] == self.host(side).address:
                counts[fields["reason"]] = counts.get(fields["reason"], 0) + 1
        return counts

    def table(self, side, state=""):
        with self.host(side):
            rows = states.table("tcp" if self.kernel else "xtcp")
        return [row for row in rows if state in ("", row["state"])]

    def note(self, side, text):
        self.start()
        self.notes.append({"ns": cables.now_ns(), "side": side, "text": text})

    def watch(self, sock):
        self.watched[sock] = []
        self.sample(sock)

    def sample(self, sock):
        with contextlib.suppress(OSError):
            info = sock.info()
            point = {"cwnd": info["cwnd"], "ssthresh": info["ssthresh"], "rtt_ms": info["rtt"] / 1000,
                     "unacked": info["unacked"], "mss": info["snd_mss"]}
            points = self.watched[sock]
            if not points or points[-1][1] != point:
                points.append((self.now, point))

    def series(self, sock):
        """cwnd and RTT as TCP_INFO tells them, octets in flight and the peer's window as the cable does."""
        points = [(s, dict(point)) for s, point in self.watched[sock]]
        return sorted(points + self.wire_series(sock), key=lambda point: point[0])

    def wire_series(self, sock):
        """Octets in flight and the peer's window at each moment that the sender sees a change of them."""
        ports, points, events = (sock.port, sock.peer), [], []
        for trip in self.cable.trips:
            segment = trip.segment
            if trip.sender == sock.side and (segment.source_port, segment.destination_port) == ports:
                events.append((trip.at_ns, False, segment))
            elif (segment.destination_port, segment.source_port) == ports and trip.arrivals_ns:
                events.append((trip.arrivals_ns[0], True, segment))
        sent = acked = window = scale = 0
        isn = self.isns.get((sock.side, *ports), 0)
        for ns, arrived, segment in sorted(events, key=lambda event: event[0]):
            if not arrived:
                sent = max(sent, (segment.next_seq - isn) % 2**32)
            elif segment.has("ACK"):
                if segment.has("SYN"):
                    scale = segment.options.get("window_scale", 0)
                acked = max(acked, (segment.ack - isn) % 2**32)
                window = segment.window << (0 if segment.has("SYN") else scale)
            points.append((self.seconds(ns), {"in_flight": max(sent - acked, 0), "window": window}))
        return points

    # -- what it says

    def check(self, text, expected, measured, tolerance=0.001):
        self.checks.append({"text": text, "expected": plain(expected), "measured": plain(measured),
                            "passed": same(expected, measured, tolerance)})

    def true(self, text, condition, measured=""):
        self.checks.append({"text": text, "expected": True, "measured": measured if measured != "" else bool(condition),
                            "passed": bool(condition)})

    def answer(self, en, zh):
        self.answers = {"en": " ".join(en.split()), "zh": "".join(line.strip() for line in zh.split("\n"))}

    def remove(self):
        states.end()
        for sock in self.socks:
            if sock.raw.fileno() >= 0:
                self.cable.jobs.pop(sock.raw.fileno(), None)
                sock.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.raw.close()
        for host in self.hosts:  # orphans too, so that the module can be removed
            with host, open("/proc/thread-self/net/xtcp_abort", "w", encoding="ascii") as file:
                file.write("all")
        self.cable.remove()


def plain(value):
    """What JSON can say."""
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return None if isinstance(value, float) and math.isnan(value) else value


def without_vain(changes, syns_ns):
    """Without the kernel's connect() that fails at once, through SYN_SENT, for want of a port: without a SYN."""
    vain = [(a, b) for a, b in zip(changes, changes[1:]) if (a["new"], b["new"]) == ("SYN_SENT", "CLOSED")
            and states.place(a) == states.place(b) and not any(a["ns"] <= ns <= b["ns"] + 1000 for ns in syns_ns)]
    gone = [id(change) for pair in vain for change in pair]
    return [change for change in changes if id(change) not in gone]


def same(expected, measured, tolerance):
    """Equal, numbers within the tolerance."""
    if isinstance(expected, (list, tuple)) and isinstance(measured, (list, tuple)):
        return len(expected) == len(measured) and all(same(e, m, tolerance) for e, m in zip(expected, measured))
    number = (int, float)
    if isinstance(expected, number) and isinstance(measured, number) and not isinstance(expected, bool):
        return abs(expected - measured) <= (tolerance if isinstance(expected + measured, float) else 0)
    return expected == measured
