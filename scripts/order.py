#!/usr/bin/env python3
"""Who calls whom in module/: a file calls its own floor and those below it, and no ring of files is larger than four.

  scripts/order.py [--list]    exit status 1 if a call runs up; --list: every pair of files, and the names

The floors are those of the picture in README.md, from the top down. Who is called by a name that one file alone defines
is seen; who is called through a pointer is not: those are the doors that lead up, and README.md names them.
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LARGEST_RING = 4
FLOOR = re.compile(r"^ +module/(\w+)(?:/|\.c) ", re.M)
NOISE = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
FUNCTION = re.compile(r"^(?!static\b|\s|#)[\w \t*]*?\b(\w+)\s*\([^;{]*?\)[^;{(]*\n\{", re.M)
DATA = re.compile(r"^(?!static\b|extern\b|\s|#)[\w \t*]+?\b(\w+)(?:\[[^\]]*\])?(?: __\w+)?(?: =|;)", re.M)


def floor_of(path):
    return path.parent.name if path.parent.name != "module" else path.stem


def calls(sources):
    """{(who, whom): names}"""
    owners = collections.defaultdict(set)
    for path, text in sources.items():
        for name in FUNCTION.findall(text) + DATA.findall(text):
            owners[name].add(path)
    found = collections.defaultdict(set)
    for path, text in sources.items():
        for word in set(re.findall(r"\w+", text)):
            if len(owners.get(word, ())) == 1 and path not in owners[word]:
                found[path, *owners[word]].add(word)
    return found


def reachable(start, below):
    seen, todo = set(), [start]
    while todo:
        for path in below[todo.pop()] - seen:
            seen.add(path)
            todo.append(path)
    return seen


def rings(found):
    """Sets of files of which each can come back to itself by way of the others."""
    below = collections.defaultdict(set)
    for who, whom in found:
        below[who].add(whom)
    reach = {path: reachable(path, below) for path in list(below)}
    return {frozenset(other for other in reach[path] if path in reach.get(other, ())) for path in reach} - {frozenset()}


def main(args):
    sources = {path.relative_to(ROOT): NOISE.sub(" ", path.read_text()) for path in sorted(ROOT.glob("module/**/*.c"))}
    floors = FLOOR.findall((ROOT / "README.md").read_text())
    missing = {floor_of(path) for path in sources} ^ set(floors)
    if missing:
        sys.exit(f"order.py: the picture in README.md and module/ differ: {', '.join(sorted(missing))}")
    found = calls(sources)
    height = {path: -floors.index(floor_of(path)) for path in sources}
    up = {pair: names for pair, names in found.items() if height[pair[1]] > height[pair[0]]}
    large = [ring for ring in rings(found) if len(ring) > LARGEST_RING]
    for (who, whom), names in sorted((found if args == ["--list"] else up).items()):
        print(f"{who} -> {whom}: {' '.join(sorted(names))}")
    for ring in large:
        print("ring:", " ".join(sorted(map(str, ring))))
    print(f"{len(up)} calls from file to file run up; {len(large)} rings of more than {LARGEST_RING} files")
    return bool(up or large)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
