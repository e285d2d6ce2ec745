"""Which state each end was in, and since when: from the kernel's tracepoints, after the run.

xtcp tells of every change, of requests and TIME_WAIT records too. The kernel's TCP tells of its sockets alone: its
half-open requests, and what waits in FIN_WAIT_2 or TIME_WAIT without a socket, are read from /proc/net/tcp whenever a
segment has arrived, and when their timers are due.
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
NUMBERED = ("", "ESTABLISHED", "SYN_SENT", "SYN_RCVD", "FIN_WAIT_1", "FIN_WAIT_2", "TIME_WAIT", "CLOSED", "CLOSE_WAIT",
            "LAST_ACK", "LISTEN", "CLOSING", "SYN_RCVD")  # in /proc/net/tcp
WITHOUT_SOCKET = {(3, 1): "SYN_RCVD", (5, 3): "FIN_WAIT_2", (6, 3): "TIME_WAIT"}  # (state, timer) in /proc/net/tcp


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


def state_name(word):
    word = word.removeprefix("TCP_")
    return LINUX.get(word, word)


def changes(traced, protocol, hosts):
    """The changes of state among them: dicts, in order."""
    event, found, owners = ("inet_sock_set_state" if protocol == 6 else "xtcp_set_state"), [], {}
    sides = {host.address: host.name for host in hosts}
    for ns, name, fields in traced:
        if name != event or (protocol == 6 and fields["protocol"] != "IPPROTO_TCP"):
            continue
        old, new = state_name(fields["oldstate"]), state_name(fields["newstate"])
        change = {"ns": ns, "side": sides.get(fields["saddr"], ""), "port": int(fields["sport"]),
                  "peer_port": int(fields["dport"]), "old": old, "new": new}
        # A connection may go from a request to a socket, and on to a TIME_WAIT record: the former's end is not its end.
        key, who = place(change), fields.get("skaddr")
        if new == "CLOSED" and owners.get(key, who) != who:
            continue
        owners[key] = who
        found.append(change)
    return found


def place(change):
    return change["side"], change["port"], change["peer_port"]


def proc_rows(path="/proc/thread-self/net/tcp"):
    """{(port, peer's port): (state, seconds to its timer)} of what the kernel's TCP keeps here without a socket."""
    rows = {}
    with open(path, encoding="ascii") as file:
        for line in file.readlines()[1:]:
            words = line.split()
            timer, due = (int(word, 16) for word in words[5].split(":"))
            if state := WITHOUT_SOCKET.get((int(words[3], 16), timer)):
                rows[tuple(int(words[i].split(":")[1], 16) for i in (1, 2))] = state, due / 100
    return rows


def table(name):
    """/proc/net/NAME of the namespace this thread is in: a dict each. age_s, how long in its state, is xtcp's only."""
    rows = []
    with open(f"/proc/thread-self/net/{name}", encoding="ascii") as file:
        for line in file.readlines()[1:]:
            words = line.split()
            ports = [int(words[i].split(":")[1], 16) for i in (1, 2)]
            rows.append({"port": ports[0], "peer_port": ports[1], "state": NUMBERED[int(words[3], 16)],
                         "uid": int(words[7]), "inode": int(words[9]),
                         "age_s": int(words[-1]) / 1000 if name == "xtcp" else None})
    return rows


class KernelRows:
    """Requests and TIME_WAIT records of the kernel's TCP at one host, by looking often."""

    def __init__(self, host):
        self.host, self.rows, self.seen, self.due_s = host, {}, [], 0

    def look(self, ns):
        with self.host:
            found = proc_rows()
        self.due_s = min((due for _, due in found.values()), default=0)
        rows = {ports: state for ports, (state, _) in found.items()}
        for ports in self.rows.keys() | rows.keys():
            old, new = self.rows.get(ports), rows.get(ports)
            if old != new:
                self.seen.append({"ns": ns, "side": self.host.name, "port": ports[0], "peer_port": ports[1],
                                  "old": old, "new": new})
        self.rows = rows


def merge(traced, rows):
    """The kernel's changes with those of its rows."""
    found = list(traced)
    for row in rows:
        same = [c for c in found if place(c) == place(row) and c["ns"] <= row["ns"]]
        last = same[-1]["new"] if same else "LISTEN"
        if row["new"] and row["new"] != "SYN_RCVD":
            if last == "CLOSED":  # the socket's end, not the connection's
                last = same[-1]["old"]
                same[-1]["new"] = row["new"]
                if last == row["new"]:
                    found.remove(same[-1])
            elif last != row["new"]:
                found.append({**row, "old": last})
        elif row["new"] == "SYN_RCVD" or last not in ("ESTABLISHED", "CLOSED") or row["old"] != "SYN_RCVD":
            found.append({**row, "old": last, "new": row["new"] or "CLOSED"})
        found.sort(key=lambda c: c["ns"])
    return found
