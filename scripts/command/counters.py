"""xtcp stat: what /proc/net/xtcp_netstat has counted since this was asked last, in groups, with what each means."""
import contextlib
import json
import os
import pathlib
import re

from command.system import need_module, print_json
from command.texts import texts

NETSTAT = pathlib.Path("/proc/net/xtcp_netstat")
# Events have no groups of their own in the source: their names tell.
EVENTS = {"Fast Open": r"^Fastopen", "TIME_WAIT": r"^TimeWait", "listeners": r"^(Listen|Request|Syncookies|Deferred)",
          "retransmission, probes": r"Retrans|Timeouts|Probes|SynAgain", "resets": r"Rsts$|Resets$"}


def read_counters():
    names, values = NETSTAT.read_text(encoding="ascii").splitlines()
    return dict(zip(names.split()[1:], map(int, values.split()[1:])))


def group_of(name):
    group = texts()["counters"].get(name, {}).get("group", "events")
    if group != "events":
        return group
    return next((title for title, pattern in EVENTS.items() if re.search(pattern, name)), "segments")


def means(name):
    """The comment in the source; where there is none the name says it."""
    return texts()["counters"].get(name, {}).get("means") or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


# -- since the last look ----------------------------------------------------------------------------------------------


def memory():
    """Where what was seen last is kept: a file for each user and network namespace."""
    own = os.environ.get("XDG_RUNTIME_DIR") or os.path.expanduser("~/.cache")
    place = pathlib.Path("/run" if os.geteuid() == 0 else own)
    return place / "xtcp" / f"stat-{os.stat('/proc/thread-self/ns/net').st_ino}"


def life():
    """Another after a boot; a module that was loaded anew shows by counters that went back."""
    return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def last_seen(now):
    with contextlib.suppress(OSError, ValueError, KeyError):
        kept = json.loads(memory().read_text(encoding="ascii"))
        if kept["life"] == life() and all(now.get(name, 0) >= value for name, value in kept["counters"].items()):
            return kept["counters"]
    return {}


def remember(now):
    with contextlib.suppress(OSError):
        file = memory()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = file.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps({"life": life(), "counters": now}), encoding="ascii")
        fresh.replace(file)


def show(args):
    need_module()
    now = read_counters()
    before = {} if args.all else last_seen(now)
    rows = [{"name": name, "value": value - before.get(name, 0), "group": group_of(name), "means": means(name)}
            for name, value in now.items()]
    if args.pattern:
        rows = [row for row in rows if any(p.lower() in row["name"].lower() for p in args.pattern)]
    if not args.zero:
        rows = [row for row in rows if row["value"]]
    if not args.keep:
        remember(now)
    if args.json:
        print_json(rows)
        return
    if not rows:
        print("nothing was counted" if args.all else "nothing was counted since the last look; -a shows all there was")
    width = max((len(row["name"]) for row in rows), default=0)
    for group in dict.fromkeys(row["group"] for row in rows):
        print(f"{group}:")
        for row in rows:
            if row["group"] == group:
                print(f"  {row['name']:{width}} {row['value']:>12}  {row['means']}")
