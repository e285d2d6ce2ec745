#!/usr/bin/env python3
"""Hold kunit/linux.md, what the kernel's TCP does beside TCP, against the kernel's source and against module/.

  scripts/linux.py --check    exit status 1 if a function is not in the table, or a name in it does not exist
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "kunit/linux.md"
FILES = [f"net/ipv4/{name}.c" for name in (
    "tcp_ipv4", "tcp_minisocks", "inet_connection_sock", "tcp", "tcp_timer", "tcp_input", "tcp_output", "tcp_recovery",
    "tcp_fastopen", "syncookies", "inet_hashtables", "inet_timewait_sock",
)] + [f"net/ipv6/{name}.c" for name in ("tcp_ipv6", "inet6_connection_sock", "inet6_hashtables")]
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
# A head that begins a line, and a brace that is one; or both on one line. The name stands before the first parenthesis.
FUNCTION = re.compile(r"^(?!typedef|struct \w+ \{)[A-Za-z_][^;{}#()]*?(\w+)\s*\([^;{}#]*?\)[^;{}#()]*"
                      r"(?:\([^;{}#]*\)\s*)?(?:\n\{|\{.*\}$)", re.M)
MACRO = re.compile(r"^#define (\w+)\s*\(", re.M)
NAMED = re.compile(r"(?:([\w/]+\.[ch]))?(?:: )?((?:\w+\(\) ?)*)")


def functions(path):
    """The names of the functions that a file in the kernel's style defines."""
    return set(FUNCTION.findall(COMMENT.sub("", path.read_text())))


def kernel_source():
    found = subprocess.run([ROOT / "scripts/kernel-uml.sh", "normal"], stdout=subprocess.PIPE, text=True, check=False)
    source = pathlib.Path(found.stdout.strip()) / "source"
    if found.returncode or not source.is_dir():
        sys.exit("linux.py: Linux's source is not there, and scripts/kernel-uml.sh could not get it: "
                 "Debian's package linux-source-6.12")
    return source


def ours():
    """Of each file of xtcp, by its name in the table: functions and macros."""
    found = {}
    for top in (ROOT / "module", ROOT / "include/xtcp"):
        for path in top.rglob("*.[ch]"):
            found[str(path.relative_to(top))] = functions(path) | set(MACRO.findall(path.read_text()))
    return found


def sections(text):
    """File of the kernel, and its rows: lists of cells."""
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        name, _, body = part.partition("\n")
        rows = [line.strip("|").split("|") for line in body.splitlines() if line.startswith("|")]
        yield name, [[cell.strip() for cell in row] for row in rows[2:]]


def faults_of_rows(name, rows, known):
    """A row has three cells; what the third one has between backticks is ours."""
    for row in rows:
        if len(row) != 3 or not all(row):
            yield f"{name}: a row is not of three cells: {row}"
            continue
        for token in re.findall(r"`([^`]+)`", row[2]):
            match = NAMED.fullmatch(token)
            if not match or not any(match.groups()):
                yield f"{name}: {row[0]}: `{token}` is neither a file nor functions"
                continue
            path, names = match.groups()
            if path and path not in known:
                yield f"{name}: {row[0]}: there is no file {path}"
                continue
            there = known[path] if path else set().union(*known.values())
            for missing in sorted(set(re.findall(r"\w+", names)) - there):
                yield f"{name}: {row[0]}: there is no function {missing}() in {path or 'module/'}"


def faults(text, source):
    tables = list(sections(text))
    known = ours()
    if [name for name, _ in tables] != FILES:
        yield f"the sections are not {' '.join(FILES)}"
    for name, rows in tables:
        if name not in FILES:
            continue
        defined = functions(source / name)
        named = [function for row in rows for function in row[0].split()]
        for function in sorted(defined - set(named)):
            yield f"{name}: {function}() is not in the table"
        for function in sorted(set(named) - defined):
            yield f"{name}: there is no {function}()"
        for function in sorted({function for function in named if named.count(function) > 1}):
            yield f"{name}: {function}() is there twice"
        yield from faults_of_rows(name, rows, known)


def main(args):
    if args != ["--check"]:
        sys.exit(__doc__)
    wrong = list(faults(TABLE.read_text(), kernel_source()))
    if wrong:
        sys.exit("\n".join(f"linux.py: {fault}" for fault in wrong))


main(sys.argv[1:])
