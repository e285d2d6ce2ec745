#!/usr/bin/env python3
"""The README's table of knobs, made from the one in module/base/knobs.c; and all texts that the command xtcp shows.

  scripts/knobs.py           print the table of all knobs
  scripts/knobs.py --write   put it into README.md, and the reasons of drops into bpftrace/drops.bt, between markers
  scripts/knobs.py --check   compare; exit status 1 if one of them is out of date
  scripts/knobs.py --json    knobs and counters with what they mean; of these the source is include/xtcp/counters.h
  scripts/knobs.py --man     the knobs as a list for xtcp(7)
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "module/base/knobs.c"
COUNTERS = ROOT / "include/xtcp/counters.h"
MAIN = ROOT / "module/main.c"
README = ROOT / "README.md"
DROPS = ROOT / "scripts/bpftrace/drops.bt"
BEGIN, END = "<!-- knobs: begin -->", "<!-- knobs: end -->"
ROW = re.compile(r'KNOB\((\w+),\s*([^,]+),\s*([^,]+),\s*([^,]+),\s*"([^"]*)",\s*"([^"]*)"(.*?)\),?\n', re.S)
WORD = re.compile(r'\[(\w+)\]\s*= "(\w+)"')
LIST = re.compile(r"#define XTCP_(\w+)_LIST\(X\)(.*?[^\\])\n", re.S)
COUNTER = re.compile(r'X\(\w+, "(\w+)"(?:, \w+)?\)[ \t]*(?:/\*\s*(.*?)\s*\*/)?')
# What Linux 6.12 has compiled in where xtcp has a knob, by its name there
COMPILED_IN = {
    "msl_ms": "TIME_WAIT lasts 60 s (`TCP_TIMEWAIT_LEN`)",
    "rto_init_ms": "1 s (`TCP_TIMEOUT_INIT`)",
    "rto_max_ms": "120 s (`TCP_RTO_MAX`)",
    "synack_linear_timeouts": "none: SYN-ACKs always double",
    "tw_reuse_delay_ms": "1 s, in `tcp_twsk_unique()`",
    "handshake_ways": "3",
    "isn_mode": "RFC 6528",
    "isn_tick_ns": "64 ns, in `seq_scale()`",
    "isn_redraw": "drawn once, when first used",
    "wire_protocol": "6",
    "syncookie_lifetime_ms": "60 s (`TCP_SYNCOOKIE_PERIOD`), to twice that",
    "delack_ms": "40 to 200 ms, by itself (`TCP_DELACK_MIN`, `TCP_DELACK_MAX`)",
    "paws": "always, where there are timestamps",
    "paws_idle_ms": "2147 s (`TCP_PAWS_WRAP`)",
    "initial_cwnd": "10 (`TCP_INIT_CWND`), or the route's `initcwnd`",
    "local_retry_ms": "0.5 s (`TCP_RESOURCE_PROBE_INTERVAL`)",
}
GROUPS = {"OUTCOME": "handshakes", "EVENT": "events", "ABORT": "connections we ended", "DROP": "segments dropped"}


def number(text):
    """A C constant expression of this table as a number."""
    text = text.replace("DAY_MS", "86400000")
    return eval(re.sub(r"(\d)U\b", r"\1", text), {"__builtins__": {}})  # pylint: disable=eval-used


def rows():
    """Name, default, range, RFC and meaning of each; words where the values are words."""
    source = SOURCE.read_text()
    words = dict(WORD.findall(source))
    for name, value, low, high, rfc, what, rest in ROW.findall(source):
        if ".words" in rest:
            prefix = value[:value.rindex("_") + 1]
            yield name, words[value], " ".join(w for c, w in words.items() if c.startswith(prefix)), rfc, what
        else:
            between = " or " if ".ends" in rest else ".."
            yield name, number(value), f"{number(low)}{between}{number(high)}", rfc, what


def table():
    lines = ["| knob | default | range | what it is | from |", "|---|---|---|---|---|"]
    for name, value, bounds, rfc, what in rows():
        lines.append(f"| `{name}` | {value} | {bounds} | {what} | {rfc or '-'} |")
    if len(lines) < 3:
        sys.exit(f"knobs.py: no KNOB() rows found in {SOURCE.name}")
    return "\n".join(lines)


def short_table():
    """Those that Linux compiles in."""
    lines = ["| knob | xtcp: default, range | Linux 6.12, compiled in | RFC |", "|---|---|---|---|"]
    known = {row[0]: row for row in rows()}
    for name, linux in COMPILED_IN.items():
        if name not in known:
            sys.exit(f"knobs.py: there is no knob {name}")
        _, value, bounds, rfc, _ = known[name]
        lines.append(f"| `{name}` | {value}; {bounds} | {linux} | {rfc.removeprefix('RFC ') or '-'} |")
    return "\n".join(lines)


def counters():
    """{name: group and meaning}; a counter without a comment means what its name says."""
    found = {}
    for kind, body in LIST.findall(COUNTERS.read_text()):
        for name, means in COUNTER.findall(body):
            found[name] = {"group": GROUPS[kind], "means": means}
    return found


def drops():
    """The reasons of enum xtcp_drop, as bpftrace sees them."""
    names = [name for name, row in counters().items() if row["group"] == GROUPS["DROP"]]
    return "".join(f'\t@name[{number}] = "{name}";\n' for number, name in enumerate(names, 1))


def made():
    """(file, what it should be) of those that hold something made from the source."""
    for file, begin, end, text in ((README, BEGIN + "\n", END, short_table() + "\n"),
                                   (DROPS, "/* knobs.py: begin */\n", "\t/* knobs.py: end */", drops())):
        old = file.read_text()
        if begin not in old or end not in old:
            sys.exit(f"knobs.py: {file.name} lacks the markers {begin.strip()} and {end.strip()}")
        head, rest = old.split(begin, 1)
        yield file, head + begin + text + end + rest.split(end, 1)[1]


def texts():
    version = re.search(r'MODULE_VERSION\("(.*)"\)', MAIN.read_text())[1]
    keys = ("default", "range", "rfc", "what")
    return {"version": version, "knobs": {row[0]: dict(zip(keys, row[1:])) for row in rows()}, "counters": counters()}


def man():
    """In roff(7): a paragraph a knob."""
    for name, value, bounds, rfc, what in rows():
        print(f".TP\n.BR {name} \" (default {value}; range {bounds}{'; ' + rfc if rfc else ''})\"")
        print(re.sub(r"^([.'])", r"\\&\1", what[0].upper() + what[1:] + ".").replace("-", r"\-"))


def main(args):
    if args == ["--write"]:
        for file, text in made():
            file.write_text(text)
    elif args == ["--check"]:
        for file, text in made():
            if file.read_text() != text:
                sys.exit(f"knobs.py: {file.name} is out of date: run scripts/knobs.py --write")
    elif args == ["--json"]:
        print(json.dumps(texts(), indent=1))
    elif args == ["--man"]:
        man()
    elif not args:
        print(table())
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
