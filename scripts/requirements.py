#!/usr/bin/env python3
"""Hold the tables of what RFCs require, kunit/rfc9293.md and kunit/congestion.md, against the tests there are.

  scripts/requirements.py --write   count the tables anew
  scripts/requirements.py --check   exit status 1 if a number, a reason or a test is missing, or the counts are wrong
"""
import ast
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- counts: begin -->", "<!-- counts: end -->"
# How many rows of each kind a table has; those of the summary in RFC 9293, and of our own numbering by RFC.
TABLES = {
    ROOT / "kunit/rfc9293.md": {"MUST": 69, "SHLD": 31, "MAY": 18, "REC": 1},
    ROOT / "kunit/congestion.md": {"5681": 41, "6298": 21, "6582": 12},
}
LEVELS = {"MUST": "MUST", "SHLD": "SHOULD", "REC": "SHOULD", "MAY": "MAY"}  # said by the kind
ROW = re.compile(r"^\| ((\w+)-\d+) \| (.+) \| ([\d.]+) \| ([A-Za-z ]+) \| (yes|no|-) \| (.*)\|$", re.M)
SUITE = re.compile(r'WIRE_SUITES(?:_MAPPED)?\((\w+)|\.name\s*=\s*"(\w+)"')
CASE = re.compile(r"KUNIT_CASE\w*\((\w+)")


def kunit_tests():
    for path in (ROOT / "kunit").rglob("*_test.c"):
        source = path.read_text()
        for suites in SUITE.findall(source):
            for case in CASE.findall(source):
                yield f"{''.join(suites)}.{case}"


def python_tests():
    for path in (ROOT / "scripts/test").glob("test_*.py"):
        for node in ast.parse(path.read_text()).body:
            for function in getattr(node, "body", ()) if isinstance(node, ast.ClassDef) else ():
                if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
                    yield f"{path.stem}.{node.name}.{function.name}"


def functional_tests():
    source = (ROOT / "scripts/test/functional.sh").read_text()
    for name in re.findall(r'\bcheck6? "([^"$]+)"', source):
        yield f"functional.sh: {name}"


def level_of(row):
    word = row[4].split()[0]
    return {"RECOMMENDED": "SHOULD", "REQUIRED": "MUST"}.get(word, word)


def faults(text, rows, kinds, tests):
    """What is wrong with a table, line by line."""
    numbers = [row[0] for row in rows]
    for kind, count in kinds.items():
        for n in range(1, count + 1):
            if numbers.count(f"{kind}-{n}") != 1:
                yield f"{kind}-{n} is there {numbers.count(f'{kind}-{n}')} times"
    if len(numbers) != sum(kinds.values()):
        yield "there are numbers that there should not be"
    if len(rows) != len(re.findall(r"^\| \w+-\d", text, re.M)):
        yield "a row is not of the form of a row"
    for number, kind, _, _, level, answer, why in rows:
        named = re.findall(r"`((?:\w+\.|functional\.sh:)[^`]+)`", why)
        for test in sorted(set(named) - tests):
            yield f"{number}: there is no test {test}"
        if not level.startswith(LEVELS.get(kind, "")):
            yield f"{number} is no {level}"
        if answer == "yes" and not named:
            yield f"{number} names no test"
        if answer == "no" and not why.strip():
            yield f"{number} gives no reason"


def counts(rows):
    levels = [level_of(row) for row in rows]
    for level in dict.fromkeys(("MUST", "SHOULD", "MAY", *levels)):
        answers = [row[5] for row in rows if level_of(row) == level]
        yield f"- {level}: {answers.count('yes')} of {len(answers) - answers.count('-')}"


def counted(path, text, rows):
    if BEGIN not in text or END not in text:
        sys.exit(f"requirements.py: {path.name} lacks the markers {BEGIN} and {END}")
    head, rest = text.split(BEGIN, 1)
    return head + BEGIN + "\n" + "\n".join(counts(rows)) + "\n" + END + rest.split(END, 1)[1]


def main(args):
    if args not in (["--write"], ["--check"]):
        sys.exit(__doc__)
    tests = {*kunit_tests(), *python_tests(), *functional_tests()}
    wrong = []
    for path, kinds in TABLES.items():
        text = path.read_text()
        rows = ROW.findall(text)
        if args == ["--write"]:
            path.write_text(counted(path, text, rows))
            continue
        wrong += [f"{path.name}: {fault}" for fault in faults(text, rows, kinds, tests)]
        if counted(path, text, rows) != text:
            wrong.append(f"{path.name}: the counts are out of date: run scripts/requirements.py --write")
    if wrong:
        sys.exit("\n".join(f"requirements.py: {fault}" for fault in wrong))


main(sys.argv[1:])
