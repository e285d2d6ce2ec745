#!/usr/bin/env python3
"""Where the instructions go: stops a machine of QEMU again and again by its gdb stub, asks where it is, and counts.

  sample.py SOCKET DIRECTORY FIGURE ENOUGH      DIRECTORY: $XTCP_OUT of scripts/bench/bench.py

In DIRECTORY bench.py says what runs now, and finds what was seen ENOUGH times, which it waits for. At the end: by
function, instructions of one piece of work, of xtcp and of the kernel's TCP side by side.
"""

import bisect
import collections
import json
import pathlib
import socket
import sys
import time

RIP = 16  # of the registers of 8 octets that `g` gives
INTERVAL_S = 0.004
SHOWN = 60


class Stub:
    """The few words of gdb's remote protocol that it takes."""

    def __init__(self, path, runner):
        """The process `runner` builds the module and starts the machine, which may take long."""
        self.sock = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.sock.connect(path)
                break
            except OSError:
                if not pathlib.Path(f"/proc/{runner}").exists():
                    raise
                time.sleep(0.1)
        self.rest = b""

    def send(self, text):
        self.sock.sendall(b"$%s#%02x" % (text, sum(text) % 256))

    def receive(self):
        while True:
            start = self.rest.find(b"$")
            end = self.rest.find(b"#", start)
            if start >= 0 and 0 <= end <= len(self.rest) - 3:
                text, self.rest = self.rest[start + 1:end], self.rest[end + 3:]
                self.sock.sendall(b"+")
                return text
            more = self.sock.recv(4096)
            if not more:
                raise ConnectionError
            self.rest += more

    def go_on(self):
        self.send(b"c")

    def gone(self):
        """The machine was switched off."""
        try:
            more = self.sock.recv(4096, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        self.rest += more
        return not more

    def stopped(self):
        while self.receive()[:1] not in (b"T", b"S"):
            pass

    def where(self):
        """The address of the next instruction; the machine stands still then."""
        self.sock.sendall(b"\x03")
        self.stopped()
        self.send(b"g")
        registers = self.receive()
        while registers[:1] in (b"T", b"S"):
            registers = self.receive()
        return int.from_bytes(bytes.fromhex(registers.decode())[8 * RIP:8 * RIP + 8], "little")


class Symbols:
    """Of kernel and modules."""

    def __init__(self, path):
        lines = map(str.split, path.read_text(encoding="utf-8").splitlines())
        rows = sorted((int(row[0], 16), row[2]) for row in lines if row[1] in "tTwW")
        self.addresses = [row[0] for row in rows]
        self.names = [row[1] for row in rows]

    def name(self, address):
        if address < 1 << 63:
            return "(user space)"
        return self.names[bisect.bisect(self.addresses, address) - 1]


def sample(stub, out, enough):
    """Addresses seen, of each stack."""
    seen, now = {"xtcp": [], "tcp": []}, out / "now"
    stub.go_on()
    try:
        while not stub.gone():
            time.sleep(INTERVAL_S)
            stack = now.read_text(encoding="utf-8") if now.exists() else ""
            if stack in seen:
                seen[stack].append(stub.where())
                stub.go_on()
                if len(seen[stack]) == enough:
                    (out / f"enough-{stack}").touch()
    except OSError:
        pass
    return seen


def report(seen, symbols, row):
    shares = {}
    for stack, addresses in seen.items():
        counts = collections.Counter(map(symbols.name, addresses))
        shares[stack] = {name: count * row[stack] / len(addresses) for name, count in counts.items()}
    print(f"{row['name']}: {row['text']}; {row['unit']} of one, by function",
          f"({len(seen['xtcp'])} and {len(seen['tcp'])} samples)")
    print(f"{'xtcp':>10} {'TCP':>10}")
    names = sorted(set(shares["xtcp"]) | set(shares["tcp"]), key=lambda n: -max(s.get(n, 0) for s in shares.values()))
    for name in names[:SHOWN]:
        print(f"{shares['xtcp'].get(name, 0):10.0f} {shares['tcp'].get(name, 0):10.0f}  {name}")
    print(f"{row['xtcp']:10.0f} {row['tcp']:10.0f}  (all)")


def main(path, directory, figure, enough, runner):
    out = pathlib.Path(directory)
    seen = sample(Stub(path, runner), out, enough)
    if not (out / "bench.json").exists():
        sys.exit("sample.py: the figure was not measured")
    rows = {row["name"]: row for row in json.loads((out / "bench.json").read_text(encoding="utf-8"))}
    if not all(seen.values()):
        sys.exit("sample.py: nothing was seen; did the figure run?")
    report(seen, Symbols(out / "kallsyms"), rows[figure])


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5]))
