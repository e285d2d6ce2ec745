"""xtcp knobs, get, set: the sysctls of a network namespace, with what they mean."""
import difflib
import os
import pathlib
import sys

from command.system import SYSCTL, Refused, need_module, note, print_json, print_table
from command.texts import texts

SAVED = pathlib.Path("/etc/sysctl.d/90-xtcp.conf")
LOADED_AT_BOOT = ("/etc/modules-load.d/xtcp.conf", "/usr/lib/modules-load.d/xtcp.conf")
# What is not a number or a word, and so has no row in the module's table.
OTHERS = {
    "fastopen_key": "key of Fast Open cookies, as of tcp_fastopen_key: NEW or NEW,OLD",
    "wire_protocol_6_group_range": "groups that may speak IP protocol 6: FIRST LAST; 1 0 is none",
}
UNITS = {"_ms": "ms", "_us": "us", "_ns": "ns", "_bytes": "octets"}


def unit(name, what):
    for suffix, word in UNITS.items():
        if name.endswith(suffix):
            return word
    return "octets" if what.endswith("octets") else ""


def names():
    """Those of the loaded module, in the order of its table; then what is not in that."""
    there = {path.name for path in SYSCTL.iterdir()}
    return [name for name in texts()["knobs"] if name in there] + sorted(there - texts()["knobs"].keys())


def known(name):
    """A knob's name, however it was written: net.xtcp.msl_ms, net/xtcp/msl_ms, msl_ms."""
    name = name.replace("/", ".").removeprefix("net.xtcp.")
    if name in names():
        return name
    near = difflib.get_close_matches(name, names(), 3, 0.5) or [n for n in names() if name and name in n][:3]
    hint = f"; did you mean {' or '.join(near)}?" if near else "; `xtcp knobs` lists them"
    raise Refused(f"no knob '{name}'{hint}")


def read(name):
    try:
        return (SYSCTL / name).read_text(encoding="ascii").strip()
    except PermissionError as error:
        raise Refused(f"{name} is not yours to read: this needs root") from error


def described(name):
    """All there is to say of a knob, its value as text (None: not ours to read)."""
    row = texts()["knobs"].get(name, {})
    what = row.get("what", OTHERS.get(name, ""))
    try:
        value = read(name)
    except Refused:
        value = None
    return {"name": name, "value": value, "default": row.get("default"), "range": row.get("range", ""),
            "unit": unit(name, what), "rfc": row.get("rfc", ""), "what": what,
            "changed": bool(row) and value is not None and value != str(row["default"])}


def show_knobs(args):
    need_module()
    rows = [described(name) for name in names()]
    if args.pattern:
        rows = [row for row in rows if any(p in row["name"] or p in row["what"] for p in args.pattern)]
        if not rows:
            known(args.pattern[0])
    if args.changed:
        rows = [row for row in rows if row["changed"]]
    if args.json:
        print_json(rows)
        return
    head = ["KNOB", "VALUE", "", "DEFAULT", "RANGE", "UNIT", "FROM", "WHAT"]
    print_table(head, [[row["name"], "?" if row["value"] is None else row["value"], "*" if row["changed"] else "",
                        "-" if row["default"] is None else row["default"], row["range"], row["unit"], row["rfc"] or "-",
                        row["what"]] for row in rows], ("VALUE", "DEFAULT"))


def show_values(args):
    need_module()
    rows = [described(known(name)) for name in args.name]
    for row in rows:
        if row["value"] is None:
            read(row["name"])
    if args.json:
        print_json(rows)
    elif len(rows) == 1:
        print(rows[0]["value"])
    else:
        for row in rows:
            print(f"{row['name']}={row['value']}")


# -- set ----------------------------------------------------------------------------------------------------------


def assignments(words):
    """NAME=VALUE..., or NAME VALUE."""
    if len(words) == 2 and "=" not in words[0]:
        words = ["=".join(words)]
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise Refused(f"'{word}' is not NAME=VALUE", 2)
        yield known(name.strip()), value.strip()


def why_not(name, value, error):
    """The kernel's answer in words."""
    row = texts()["knobs"].get(name, {})
    if isinstance(error, PermissionError) and os.access(SYSCTL / name, os.W_OK):
        return f"{name}={value} is an experiment that breaks TCP: it needs the module loaded with experiments=1"
    if isinstance(error, PermissionError):
        return f"to set {name} needs root (CAP_NET_ADMIN) in this network namespace"
    if row:
        words = unit(name, row["what"])
        return f"{name}={value} is out of its range: {row['range']}{' ' + words if words else ''}"
    return f"{name}={value}: {error.strerror}; it is: {OTHERS.get(name, 'not described')}"


def write(name, value):
    try:
        (SYSCTL / name).write_text(value + "\n", encoding="ascii")
    except OSError as error:
        raise Refused(why_not(name, value, error)) from error
    except UnicodeError as error:
        raise Refused(f"{name}={value} is out of its range") from error


def save(pairs):
    """Into the file for the next boot: what it says of other knobs stays."""
    lines = SAVED.read_text(encoding="utf-8").splitlines() if SAVED.is_file() else [
        "# Written by `xtcp set --save`; read at boot by sysctl.d(5), once the module is loaded."]
    for name, value in pairs:
        new = f"net.xtcp.{name} = {value}"
        keys = [line.split("=")[0].strip().replace("/", ".").lstrip("-") for line in lines]
        if f"net.xtcp.{name}" in keys:
            lines[keys.index(f"net.xtcp.{name}")] = new
        else:
            lines.append(new)
    SAVED.parent.mkdir(parents=True, exist_ok=True)
    fresh = SAVED.with_suffix(".new")
    fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fresh.replace(SAVED)
    if not any(os.path.exists(path) for path in LOADED_AT_BOOT):
        note(f"{SAVED} is read at boot; the module must be loaded by then: "
             f"echo xtcp >{LOADED_AT_BOOT[0]}")


def set_values(args):
    need_module()
    pairs = list(assignments(args.assignment))
    if args.save and args.netns:
        raise Refused("--save is for the first network namespace, which sysctl.d(5) sets at boot; not with --netns", 2)
    for name, value in pairs:
        write(name, value)
    if args.save:
        try:
            save(pairs)
        except OSError as error:
            raise Refused(f"set, but not saved: {error}") from error


def complete_names(_):
    """For the completion of the shell: names, one a line."""
    sys.stdout.writelines(f"{name}\n" for name in (names() if SYSCTL.is_dir() else texts()["knobs"]))
