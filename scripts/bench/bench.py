#!/usr/bin/env python3
"""The figures of `make bench`: work for xtcp and for the kernel's TCP, in one boot.

Of cost, in a machine that counts instructions; of waiting and of bad links, in User-Mode Linux, where time is virtual.

Run by scripts/bench.sh inside a place, as root, in a network namespace of its own:

  bench.py PROGRAM cost|crowd|time|two|all [FIGURE]...
  bench.py --kinds [FIGURE]...             anywhere: which of cost, crowd (cost, in minutes), time and two (CPUs, by the
                                           clock on the wall: only where it is named) these figures are

A line a figure: bench NAME xtcp=V tcp=V ratio=R goal=G ok|short; $XTCP_OUT/bench.json has the same. All is measured
twice; where the two differ by more than 1 % the line says so. Who was to see a flood, or remember connections, and did
not, ends the run: a figure is one, or there is none.
"""

import functools
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

import netem

XTCP, TCP, UNIX = 253, 6, 1
STACKS = {"xtcp": XTCP, "tcp": TCP}
QUICK = os.environ.get("XTCP_BENCH_QUICK") == "1"
SAMPLED = "XTCP_BENCH_SAMPLED" in os.environ
PROGRAM = ""
PORTS = iter(range(6000, 30000))


def sh(command):
    subprocess.run(command, shell=True, check=True)


def less(n):
    """As often as is worth it: a smoke run needs no more than a few."""
    return max(n // 200, 10) if QUICK else n


def counter(netns, file, name):
    """Of /proc/net/@file, which has a line of names and then one of values."""
    text = subprocess.run(["ip", "netns", "exec", netns, "cat", f"/proc/net/{file}"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    lines = [line.split()[1:] for line in text.splitlines()]
    for names, values in zip(lines[::2], lines[1::2]):
        if name in names:
            return int(values[names.index(name)])
    raise LookupError(f"no {name} in {file}")


def now_runs(protocol):
    """scripts/profile.sh looks only while a stack works."""
    if SAMPLED:
        stack = next((stack for stack, number in STACKS.items() if number == protocol), "")
        pathlib.Path(os.environ["XTCP_OUT"], "now").write_text(stack, encoding="utf-8")


def bench(work, protocol, **args):
    """What the program prints, as a dictionary of numbers."""
    words = [f"{name}={value}" for name, value in args.items()]
    now_runs(protocol)
    out = subprocess.run([PROGRAM, work, str(protocol), f"port={next(PORTS)}", *words], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    now_runs(None)
    return {name: float(value) for name, value in (line.split() for line in out.splitlines())}


# --- links ---------------------------------------------------------------------

VETH = {"ns_client": "/run/netns/b0", "ns_server": "/run/netns/b1", "addr": "10.99.0.2"}


def veth():
    """Two namespaces and a cable, once."""
    if pathlib.Path("/run/netns/b0").exists():
        return
    sh("""ip netns add b0; ip netns add b1
        ip link add v0 netns b0 address 02:00:00:00:00:01 type veth peer name v1 netns b1 address 02:00:00:00:00:02
        ip -n b0 addr add 10.99.0.1/24 dev v0; ip -n b1 addr add 10.99.0.2/24 dev v1
        ip -n b0 link set lo up; ip -n b1 link set lo up; ip -n b0 link set v0 up; ip -n b1 link set v1 up
        ip -n b0 link add d0 type dummy; ip -n b0 link set d0 up; ip -n b0 route add 10.98.0.0/16 dev d0""")
    for name in ("b0", "b1"):
        sh(f"ip netns exec {name} sysctl -qw net.core.somaxconn=65535")
    time.sleep(2)


def offload(onoff):
    veth()
    for ns, dev in (("b0", "v0"), ("b1", "v1")):
        sh(f"ip netns exec {ns} ethtool -K {dev} tso {onoff} gso {onoff} gro {onoff} >/dev/null")


# --- figures -------------------------------------------------------------------

FIGURES = {}


def figure(name, text, goal, rate=False, unit="ns", kind="cost", own=False, reno=False):
    """Registers a function of a stack's protocol, which gives a value, or some of as many measurements.

    rate: more is better; own: the goal is for xtcp's value itself; reno: the kernel's TCP with that is looked at, too.
    """
    def take(function):
        FIGURES[name] = {"text": text, "goal": goal, "rate": rate, "unit": unit, "own": own, "kind": kind,
                         "reno": reno, "run": function}
        return function
    return take


@figure("crr", "connect, 1 octet, answer, close (loopback)", 0.75)
def _(protocol):
    return bench("crr", protocol, count=less(2000))["ns"]


@figure("crr-veth", "the same over veth", 0.75)
def _(protocol):
    veth()
    return bench("crr", protocol, count=less(2000), **VETH)["ns"]


@figure("handshake", "connect() and accept()", 0.75)
def _(protocol):
    return bench("handshake", protocol, count=less(2000))["ns"]


def above_unix(protocol, **args):
    """What a round trip costs beyond one over AF_UNIX."""
    return bench("rr", protocol, **args)["ns"] - bench("rr", UNIX, **args)["ns"]


@figure("rr", "round trip of 1 octet, beyond AF_UNIX's", 0.7)
def _(protocol):
    return above_unix(protocol, count=less(10000))


@figure("rr-1k", "round trip of 1 KiB, beyond AF_UNIX's", 0.7)
def _(protocol):
    return above_unix(protocol, count=less(10000), size=1024)


@figure("rr-100", "round trip, 100 connections in turn", 0.9)
def _(protocol):
    return bench("rr", protocol, count=less(10000), conns=less(100), warm=less(1000))["ns"]


@figure("rr-10000", "round trip, 10,000 connections in turn", 1.0)
def _(protocol):
    conns = less(10000)
    return bench("rr", protocol, count=2 * conns, conns=conns, warm=conns, backlog=20000)["ns"]


@figure("bulk", "64 KiB writes over loopback", 1.0, rate=True, unit="Mbit/s")
def _(protocol):
    return bench("bulk", protocol, count=less(3000))["mbit"]


def veth_figure(name, text, work, onoff):
    @figure(name, text, 1.05, rate=True, unit="Mbit/s")
    def _(protocol):
        offload(onoff)
        return bench(work, protocol, count=less(2000), **VETH)["mbit"]


veth_figure("bulk-veth", "64 KiB writes over veth, MTU 1500, offloads as they are", "bulk", "on")
veth_figure("bulk-plain", "the same, no offloads", "bulk", "off")
veth_figure("sendfile", "sendfile() over veth, offloads as they are", "sendfile", "on")
veth_figure("sendfile-plain", "the same, no offloads", "sendfile", "off")


@figure("write-64", "writes of 64 octets, Nagle", 0.5)
def _(protocol):
    return bench("bulk", protocol, size=64, count=less(20000))["ns"]


@figure("write-64-nodelay", "writes of 64 octets, TCP_NODELAY", 0.9)
def _(protocol):
    return bench("bulk", protocol, size=64, nodelay=1, count=less(20000))["ns"]


@figure("write-1k", "writes of 1 KiB", 0.9)
def _(protocol):
    return bench("bulk", protocol, size=1024, count=less(20000))["ns"]


@figure("write-16k", "writes of 16 KiB", 0.9)
def _(protocol):
    return bench("bulk", protocol, size=16384, count=less(4000))["ns"]


@figure("pair", "slab of an idle connection, both ends", 0.62, unit="octets")
def _(protocol):
    return bench("memory", protocol, conns=less(2000), backlog=20000)["octets"]


SLABS = {"socket": {XTCP: "XTCP", TCP: "TCP"}, "request": {XTCP: "xtcp_request", TCP: "request_sock_TCP"},
         "time-wait": {XTCP: "xtcp_time_wait", TCP: "tw_sock_TCP"}}


def slab_size(name):
    """Of one object of a slab cache, its padding included."""
    for line in pathlib.Path("/proc/slabinfo").read_text(encoding="utf-8").splitlines():
        if line.split()[0] == name:
            return float(line.split()[3])
    raise LookupError(f"no slab cache {name}")


for _name, _goal in (("socket", 0.58), ("request", 0.42), ("time-wait", 0.375)):
    figure(f"size-{_name}", f"slab object of a {_name}", _goal, unit="octets")(
        lambda protocol, name=_name: slab_size(SLABS[name][protocol]))


FLOOD = {"ns_client": "/run/netns/b0", "ns_server": "/run/netns/b1", "addr": "10.99.0.2", "dev": "v0", "backlog": 128,
         "to": "02:00:00:00:00:02", "past": "02:00:00:00:00:03"}


def flood(protocol, cookies, file, name):
    """The answers, if any, go to a gateway that the cable does not lead to. All SYNs must have been counted."""
    offload("off")
    sh(f"""ip -n b1 neigh replace 10.99.0.77 lladdr 02:00:00:00:00:77 dev v1 nud permanent
        ip -n b1 route replace 10.64.0.0/12 via 10.99.0.77 dev v1
        ip netns exec b1 sysctl -qw net.ipv4.tcp_syncookies={cookies} net.xtcp.syncookies={cookies} \
            net.ipv4.tcp_max_syn_backlog=1024 net.xtcp.max_syn_backlog=1024""")
    count, before = less(20000), counter("b1", file, name)
    value = bench("flood", protocol, count=count, warm=1000, **FLOOD)["ns"]
    seen = counter("b1", file, name) - before
    if seen < count:
        raise RuntimeError(f"of {count} SYNs the listener counted {seen} as {name}")
    return value


@figure("flood-cookies", "a SYN of a flood, answered by a cookie", 0.5)
def _(protocol):
    return flood(protocol, 1, "xtcp_netstat" if protocol == XTCP else "netstat", "SyncookiesSent")


@figure("flood-full", "the same without cookies, the queue being full", 0.5)
def _(protocol):
    where = {XTCP: ("xtcp_netstat", "RequestOverflows"), TCP: ("netstat", "TCPReqQFullDrop")}
    return flood(protocol, 0, *where[protocol])


def time_waits_now(protocol, netns):
    file, head = {XTCP: ("xtcp_sockstat", "XTCP:"), TCP: ("sockstat", "TCP:")}[protocol]
    text = subprocess.run(["ip", "netns", "exec", netns, "cat", f"/proc/net/{file}"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    words = next(line for line in text.splitlines() if line.startswith(head)).split()
    return int(words[words.index("tw") + 1])


MANY = int(os.environ.get("XTCP_BENCH_MANY", "1000000"))


@functools.cache
def beside_time_waits(protocol):
    """What bench.c says; once for all figures, for it takes minutes. They go with their namespace."""
    few, many = less(1000), less(MANY)
    sh("""ip netns add crowd; ip -n crowd link set lo up
        ip netns exec crowd sysctl -qw net.core.somaxconn=65535 net.xtcp.max_tw=2000000 \
            net.xtcp.msl_ms=60000 net.ipv4.tcp_max_tw_buckets=2000000""")
    got = bench("time_waits", protocol, few=few, many=many, count=less(4000), conns=100,
                ns_client="/run/netns/crowd", ns_server="/run/netns/crowd")
    left = time_waits_now(protocol, "crowd")
    sh("ip netns del crowd")
    time.sleep(10)
    print(f"# {left} TIME_WAITs, made in {got['seconds']:.1f} s, {got['octets']:.0f} octets of slab each", flush=True)
    if left < 0.99 * many:
        raise RuntimeError(f"of {many} TIME_WAITs {left} are left")
    return got


def time_waits_figure(name, text, what):
    @figure(name, text, 1.1, unit="times", kind="crowd", own=True)
    def _(protocol):
        got = beside_time_waits(protocol)
        return [got[f"many{turn}_{what}"] / max(got[f"few{turn}_{what}"], 1) for turn in ("", "_again")]


time_waits_figure("time-waits-new", "connect to close, 1 million TIME_WAITs to 1 thousand", "new")
time_waits_figure("time-waits-lookup", "the same of a round trip, 100 connections", "lookup")


# --- time, and bad links: virtual time ---------------------------------------------

TRANSFERS = 10

def link(options):
    """The cable, both ways the same."""
    veth()
    offload("off")
    for ns, dev in (("b0", "v0"), ("b1", "v1")):
        sh(f"ip netns exec {ns} tc qdisc replace dev {dev} root handle 1: netem {options}")


def goodput(protocol, octets, **more):
    """Mbit/s of what arrived, of some transfers one after the other: of each number the same packets are lost."""
    took, times = 0.0, 1 if QUICK else TRANSFERS
    for number in range(times):
        netem.seed("b0", "v0", 2 * number + 1)
        netem.seed("b1", "v1", 2 * number + 2)
        took += octets * 8 / bench("bulk", protocol, count=octets // 65536, warm=0, **VETH, **more)["mbit"]
    return octets * 8 * times / took


def goodput_figure(name, text, options, octets):
    @figure(name, text, 1.0, rate=True, unit="Mbit/s", kind="time", reno=True)
    def _(protocol, **more):
        link(options)
        return goodput(protocol, max(less(octets), 65536), **more)


WIDE = "limit 20000 rate 100mbit"
goodput_figure("loss-1", "goodput, 1 % lost, 50 ms", f"{WIDE} delay 25ms loss 1%", 8 << 20)
goodput_figure("loss-0.1", "goodput, 0.1 % lost, 100 ms", f"{WIDE} delay 50ms loss 0.1%", 32 << 20)
goodput_figure("reordered", "goodput, 10 % reordered, 20 ms", f"{WIDE} delay 10ms reorder 10%", 16 << 20)
# Of the 165 packets that netem holds 33 are under way; the rest is twice the product of bandwidth and delay.
goodput_figure("bottleneck", "goodput, 20 Mbit/s, 40 ms, a queue of 2 BDP", "limit 165 delay 20ms rate 20mbit",
               32 << 20)


# --- two CPUs ----------------------------------------------------------------------

def at_once(protocol, connections):
    """Mbit/s in all of as many over loopback, each with both its ends on a CPU that it has for itself."""
    running = [subprocess.Popen(["taskset", "-c", str(cpu), PROGRAM, "bulk", str(protocol), f"port={next(PORTS)}",
                                 f"count={less(2000)}"], text=True, stdout=subprocess.PIPE)
               for cpu in range(connections)]
    said = [process.communicate()[0].split() for process in running]
    if any(process.returncode for process in running):
        sys.exit("bench.py: a transfer failed")
    return sum(float(words[words.index("mbit") + 1]) for words in said)


@figure("two-cpus", "two connections on two CPUs, of the rate of one", 1.8, rate=True, unit="times", kind="two",
        own=True)
def _(protocol):
    """Of seven the three in the middle: the machine may have been busy meanwhile."""
    times = sorted(at_once(protocol, 2) / at_once(protocol, 1) for _ in range(1 if QUICK else 7))
    return times[len(times) // 2 - 1:][:3] if len(times) > 2 else times


@figure("silence", "connect() without an answer: worst of 1, 3, 7, 15, 31, 63 s", 1.0, unit="ms off", kind="time",
        own=True)
def _(protocol):
    """Both with 5 retries; the kernel's first four timeouts are linear, unless told otherwise."""
    veth()
    sh("ip netns exec b0 sysctl -qw net.ipv4.tcp_syn_retries=5 net.ipv4.tcp_syn_linear_timeouts=0")
    return bench("silence", protocol, addr="10.98.0.1", dev="d0", ns_client=VETH["ns_client"])["ms"]


# --- the run ---------------------------------------------------------------------

def spread(values):
    return max(values) / min(values) - 1 if min(values) > 0 else 0.0


def sampled(function, stack):
    """As often as it takes to have seen enough, which sample.py says."""
    while True:
        beside_time_waits.cache_clear()
        value = function(STACKS[stack])
        if pathlib.Path(os.environ["XTCP_OUT"], f"enough-{stack}").exists():
            return value


def values_of(function, stack, **more):
    """Of two runs, if one gives one value."""
    values = []
    for _ in range(1 if QUICK or SAMPLED else 2):
        got = sampled(function, stack) if SAMPLED else function(STACKS[stack], **more)
        if isinstance(got, list):
            return got
        values.append(got)
    return values


def mean(values):
    return sum(values) / len(values)


def say(row):
    more = f" reno={row['reno']:.1f}" if row["reno"] is not None else ""
    if row["spread"] > 0.01:
        more += f" spread={row['spread']:.1%}"
    print(f"bench {row['name']} xtcp={row['xtcp']:.1f} tcp={row['tcp']:.1f} ratio={row['ratio']:.3f}",
          f"goal={row['goal']} {'ok' if row['ok'] else 'short'}{more}", flush=True)


def measure(name):
    began, figured = time.monotonic(), FIGURES[name]
    runs = {stack: values_of(figured["run"], stack) for stack in STACKS}
    row = {key: figured[key] for key in ("text", "unit", "rate", "goal")}
    row |= {"name": name, "reno": None, "kernel": platform.release()}
    if figured["reno"]:
        row["reno"] = mean(values_of(figured["run"], "tcp", cc="reno"))
    row |= {stack: mean(values) for stack, values in runs.items()}
    # In User-Mode Linux what costs only instructions takes no time: a smoke run.
    row["ratio"] = row["xtcp"] if figured["own"] else row["xtcp"] / row["tcp"] if row["tcp"] else 0.0
    row["ok"] = row["ratio"] >= row["goal"] if row["rate"] else row["ratio"] <= row["goal"]
    row["spread"] = max(map(spread, runs.values()))
    row["took"] = time.monotonic() - began
    say(row)
    return row


def chosen(names):
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        sys.exit(f"bench.py: no figure {unknown[0]}; there are: {' '.join(FIGURES)}")
    return names or [name for name, row in FIGURES.items() if row["kind"] != "two"]


def main(kind, names):
    names = chosen(names)
    sh("sysctl -qw net.core.somaxconn=65535; ip link set lo up")
    if SAMPLED:
        pathlib.Path(os.environ["XTCP_OUT"], "kallsyms").write_bytes(pathlib.Path("/proc/kallsyms").read_bytes())
    rows = [measure(name) for name, row in FIGURES.items() if name in names and kind in (row["kind"], "all")]
    pathlib.Path(os.environ["XTCP_OUT"], "bench.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "--kinds":
        print(*sorted({FIGURES[wanted]["kind"] for wanted in chosen(sys.argv[2:])}))
    else:
        PROGRAM = sys.argv[1]
        main(sys.argv[2], sys.argv[3:])
