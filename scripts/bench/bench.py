#!/usr/bin/env python3
"""The figures of `make bench`: work for xtcp and for the kernel's TCP, in one boot.

Of cost, in a machine that counts instructions; of waiting and of bad links, in User-Mode Linux, where time is virtual.

Run by scripts/bench.sh inside a place, as root:  bench.py PROGRAM cost|time [FIGURE]...

A line a figure: bench NAME xtcp=V tcp=V ratio=R goal=G ok|short; $XTCP_OUT/bench.json has the same. Costs are measured
twice; where the two differ by more than 1 % the line says so.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

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
    return max(n // 50, 10) if QUICK else n


def bench(work, protocol, **args):
    """What the program prints, as a dictionary of numbers."""
    words = [f"{name}={value}" for name, value in args.items()]
    out = subprocess.run([PROGRAM, work, str(protocol), f"port={next(PORTS)}", *words], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    return {name: float(value) for name, value in (line.split() for line in out.splitlines())}


# --- links ---------------------------------------------------------------------

VETH = {"ns_client": "/run/netns/b0", "ns_server": "/run/netns/b1", "addr": "10.99.0.2"}


def veth():
    """Two namespaces and a cable, once."""
    if pathlib.Path("/run/netns/b0").exists():
        return
    sh("""ip netns add b0; ip netns add b1
        ip link add v0 netns b0 type veth peer name v1 netns b1
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


def figure(name, text, goal, rate=False, unit="ns", kind="cost", own=False):
    """Registers a function of a stack's protocol; rate: more is better; own: the goal is for xtcp's value itself."""
    def take(function):
        FIGURES[name] = {"text": text, "goal": goal, "rate": rate, "unit": unit, "own": own, "kind": kind,
                         "run": function}
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
    return bench("bulk", protocol, count=less(1000))["mbit"]


def veth_figure(name, text, work, onoff):
    @figure(name, text, 1.05, rate=True, unit="Mbit/s")
    def _(protocol):
        offload(onoff)
        return bench(work, protocol, count=less(500), **VETH)["mbit"]


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


@figure("time-waits", "connect to close beside 100,000 TIME_WAITs, to none", 1.1, unit="times", own=True)
def _(protocol):
    """Ended by the time that they last, which is none for who waits idle."""
    sh("sysctl -qw net.xtcp.max_tw=1000000 net.ipv4.tcp_max_tw_buckets=1000000")
    few = bench("crr", protocol, count=less(2000))["ns"]
    bench("time_waits", protocol, count=less(100000), addr="0.0.0.0")
    many = bench("crr", protocol, count=less(2000))["ns"]
    if not QUICK:
        time.sleep(130)
    return many / few


# --- time, and bad links: virtual time ---------------------------------------------

def link(netem):
    """The cable, both ways the same."""
    veth()
    offload("off")
    for ns, dev in (("b0", "v0"), ("b1", "v1")):
        sh(f"ip netns exec {ns} tc qdisc replace dev {dev} root handle 1: netem {netem}")


def goodput(protocol, octets, times=5):
    """Mbit/s of what arrived, of some transfers one after the other."""
    took = 0.0
    for _ in range(1 if QUICK else times):
        took += octets * 8 / bench("bulk", protocol, count=octets // 65536, warm=0, **VETH)["mbit"]
    return octets * 8 * (1 if QUICK else times) / took


def goodput_figure(name, text, netem, octets):
    @figure(name, text, 1.0, rate=True, unit="Mbit/s", kind="time")
    def _(protocol):
        link(netem)
        return goodput(protocol, less(octets))


WIDE = "limit 20000 rate 100mbit"
goodput_figure("loss-1", "goodput, 1 % lost, 50 ms", f"{WIDE} delay 25ms loss 1%", 8 << 20)
goodput_figure("loss-0.1", "goodput, 0.1 % lost, 100 ms", f"{WIDE} delay 50ms loss 0.1%", 32 << 20)
goodput_figure("reordered", "goodput, 10 % reordered, 20 ms", f"{WIDE} delay 10ms reorder 10%", 16 << 20)
goodput_figure("bottleneck", "goodput, 20 Mbit/s, 40 ms, 132 packets under way", "limit 132 delay 20ms rate 20mbit",
               32 << 20)


@figure("silence", "connect() that no one answers, beside 63 s", 1.0, unit="ms off", kind="time", own=True)
def _(protocol):
    """Both with 5 retries; the kernel's first four timeouts are linear, unless told otherwise."""
    veth()
    sh("ip netns exec b0 sysctl -qw net.ipv4.tcp_syn_retries=5 net.ipv4.tcp_syn_linear_timeouts=0")
    return abs(bench("silence", protocol, addr="10.98.0.1", ns_client=VETH["ns_client"])["ms"] - 63000)


# --- the run ---------------------------------------------------------------------

def spread(values):
    return max(values) / min(values) - 1 if min(values) > 0 else 0.0


def run(function, stack):
    """scripts/profile.sh looks only while it runs."""
    now = pathlib.Path(os.environ["XTCP_OUT"], "now")
    if SAMPLED:
        now.write_text(stack, encoding="utf-8")
    value = function(STACKS[stack])
    if SAMPLED:
        now.write_text("", encoding="utf-8")
    return value


def measure(name):
    row = FIGURES[name]
    runs = {stack: [run(row["run"], stack) for _ in range(1 if QUICK else 2)] for stack in STACKS}
    xtcp, tcp = (sum(runs[stack]) / len(runs[stack]) for stack in ("xtcp", "tcp"))
    ratio = xtcp if row["own"] else xtcp / tcp
    reached = ratio >= row["goal"] if row["rate"] else ratio <= row["goal"]
    uneven = max(spread(values) for values in runs.values())
    print(f"bench {name} xtcp={xtcp:.1f} tcp={tcp:.1f} ratio={ratio:.3f} goal={row['goal']}",
          "ok" if reached else "short", f"spread={uneven:.1%}" if uneven > 0.01 else "", flush=True)
    return {"name": name, "text": row["text"], "unit": row["unit"], "rate": row["rate"], "goal": row["goal"],
            "xtcp": xtcp, "tcp": tcp, "ratio": ratio, "ok": reached, "spread": uneven}


def main(kind, names):
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        sys.exit(f"bench.py: no figure {unknown[0]}; there are: {' '.join(FIGURES)}")
    sh("sysctl -qw net.core.somaxconn=65535; ip link set lo up")
    if SAMPLED:
        pathlib.Path(os.environ["XTCP_OUT"], "kallsyms").write_bytes(pathlib.Path("/proc/kallsyms").read_bytes())
    rows = [measure(name) for name, row in FIGURES.items() if row["kind"] == kind and (not names or name in names)]
    pathlib.Path(os.environ["XTCP_OUT"], "bench.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    PROGRAM = sys.argv[1]
    main(sys.argv[2], sys.argv[3:])
