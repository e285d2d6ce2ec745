"""Which state each end was in, and since when: from the kernel's tracepoints, after the run.

xtcp tells of every change, of requests and TIME_WAIT records too. The kernel's TCP tells of its sockets alone: its half-open
requests and TIME_WAIT records are read from /proc/net/tcp whenever a segment has arrived.
"""
import pathlib
import re

TRACING = pathlib.Path("/sys/kernel/tracing")
EVENTS = ("xtcp/xtcp_set_state", "xtcp/xtcp_drop", "xtcp/xtcp_retransmit", "xtcp/xtcp_send_reset",
          "xtcp/xtcp_receive_reset", "sock/inet_sock_set_state")
LINE = re.compile(r"^.*?\[\d+\] \S+ +([0-9]+)\.([0-9]{6}): (\w+): (.*)$")
FIELD = re.compile(r"(\w+)=(\S*)")
LINUX = {"SYN_RECV": "SYN_RCVD", "FIN_WAIT1": "FIN_WAIT_1", "FIN_WAIT2": "FIN_WAIT_2", "CLOSE": "CLOSED",
         "NEW_SYN_RECV": "SYN_RCVD"}
PROC = {3: "SYN_RCVD", 6: "TIME_WAIT"}


def write(name, text):
    (TRACING / name).write_text(text, encoding="ascii")


def begin():
    """Forget what was traced, and trace."""
    write("trace_clock", "mono")
    write("buffer_size_kb", "16384")
    write("trace", "")
    for event in EVENTS:
        write(f"events/{event}/enable", "1")


def end():
    """What was traced: (ns, event, fields) each."""
    for event in EVENTS:
        write(f"events/{event}/enable", "0")
    found = []
    with open(TRACING / "trace", encoding="ascii", errors="replace") as file:
        for line in file:
            if match := LINE.match(line):
                ns = int(match[1]) * 10**9 + int(match[2]) * 1000
                found.append((ns, match[3], dict(FIELD.findall(match[4]))))
    return found


def changes(traced, protocol, hosts):
    """The changes of state among them: dicts, in order."""
    event, found = ("inet_sock_set_state" if protocol == 6 else "xtcp_set_state"), []
    sides = {host.address: host.name for host in hosts}
    for ns, name, fields in traced:
        if name != event or (protocol == 6 and fields["protocol"] != "IPPROTO_TCP"):
            continue
        old, new = (LINUX.get(s.removeprefix("TCP_"), s.removeprefix("TCP_")) for s in (fields["oldstate"], fields["newstate"]))
        found.append({"ns": ns, "side": sides.get(fields["saddr"], ""), "port": int(fields["sport"]),
                      "peer_port": int(fields["dport"]), "old": old, "new": new})
    return found


def proc_rows(path="/proc/thread-self/net/tcp"):
    """{(port, peer's port): state} of half-open and TIME_WAIT ones of the kernel's TCP, in this namespace."""
    rows = {}
    with open(path, encoding="ascii") as file:
        for line in file.readlines()[1:]:
            words = line.split()
            if (state := int(words[3], 16)) in PROC:
                rows[tuple(int(words[i].split(":")[1], 16) for i in (1, 2))] = PROC[state]
    return rows


class KernelRows:
    """Requests and TIME_WAIT records of the kernel's TCP at one host, by looking often."""

    def __init__(self, host):
        self.host, self.rows, self.seen = host, {}, []

    def look(self, ns):
        with self.host:
            rows = proc_rows()
        for ports in self.rows.keys() | rows.keys():
            old, new = self.rows.get(ports), rows.get(ports)
            if old != new:
                self.seen.append({"ns": ns, "side": self.host.name, "port": ports[0], "peer_port": ports[1],
                                  "old": old, "new": new})
        self.rows = rows


def merge(traced, rows):
    """The kernel's changes with those of its rows: a socket that closes into TIME_WAIT is not CLOSED."""
    found = list(traced)
    for row in rows:
        same = [c for c in found if (c["side"], c["port"], c["peer_port"]) == (row["side"], row["port"], row["peer_port"])]
        if row["new"] == "TIME_WAIT":
            closing = [c for c in same if c["new"] == "CLOSED" and c["ns"] <= row["ns"]]
            if closing:
                closing[-1]["new"] = "TIME_WAIT"
        elif row["old"] == "TIME_WAIT":
            found.append({**row, "old": "TIME_WAIT", "new": "CLOSED"})
        elif row["new"] == "SYN_RCVD" and not any(c["new"] == "SYN_RCVD" and c["ns"] <= row["ns"] for c in same):
            found.append({**row, "old": "LISTEN", "new": "SYN_RCVD"})
        elif row["old"] == "SYN_RCVD" and not row["new"] and not any(c["ns"] <= row["ns"] for c in same if c["new"] != "SYN_RCVD"):
            found.append({**row, "old": "SYN_RCVD", "new": "CLOSED"})
    found.sort(key=lambda c: c["ns"])
    return found
