#!/usr/bin/env python3
"""The README's table of knobs, made from the one in module/base/knobs.c.

  scripts/knobs.py           print the table
  scripts/knobs.py --write   put it into README.md, between its two markers
  scripts/knobs.py --check   compare; exit status 1 if README.md is out of date
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "module/base/knobs.c"
README = ROOT / "README.md"
BEGIN, END = "<!-- knobs: begin -->", "<!-- knobs: end -->"
ROW = re.compile(r'KNOB\((\w+),\s*([^,]+),\s*([^,]+),\s*([^,]+),\s*"([^"]*)",\s*"([^"]*)"(.*?)\),?\n', re.S)
WORD = re.compile(r'\[(\w+)\]\s*= "(\w+)"')


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


def with_table(text):
    if BEGIN not in text or END not in text:
        sys.exit(f"knobs.py: README.md lacks the markers {BEGIN} and {END}")
    head, rest = text.split(BEGIN, 1)
    return head + BEGIN + "\n" + table() + "\n" + END + rest.split(END, 1)[1]


def main(args):
    if args == ["--write"]:
        README.write_text(with_table(README.read_text()))
    elif args == ["--check"]:
        text = README.read_text()
        if with_table(text) != text:
            sys.exit("knobs.py: README.md is out of date: run scripts/knobs.py --write")
    elif not args:
        print(table())
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
