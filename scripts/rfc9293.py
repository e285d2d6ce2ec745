#!/usr/bin/env python3
"""Hold the table of RFC 9293's requirements, kunit/rfc9293.md, against the tests there are.

  scripts/rfc9293.py --write   count the table anew
  scripts/rfc9293.py --check   exit status 1 if a number, a reason or a test is missing, or the counts are wrong
"""
import ast
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "kunit/rfc9293.md"
BEGIN, END = "<!-- counts: begin -->", "<!-- counts: end -->"
NUMBERS = {"MUST": 69, "SHLD": 31, "MAY": 18, "REC": 1}  # how many appendix B has of each
LEVELS = {"MUST": "MUST", "SHLD": "SHOULD", "REC": "SHOULD", "MAY": "MAY"}
ROW = re.compile(r"^\| ((MUST|SHLD|MAY|REC)-\d+) \| (.+) \| ([\d.]+) \| ([A-Z ]+) \| (yes|no|-) \| (.*)\|$", re.M)
SUITE = re.compile(r'WIRE_SUITES(?:_MAPPED)?\((\w+)|\.name\s*=\s*"(\w+)"')
CASE = re.compile(r"KUNIT_CASE\w*\((\w+)")


def kunit_tests():
    for path in (ROOT / "kunit").glob("*_test.c"):
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


def faults(text, rows):
    """What is wrong with the table, line by line."""
    numbers = [row[0] for row in rows]
    for kind, count in NUMBERS.items():
        for n in range(1, count + 1):
            if numbers.count(f"{kind}-{n}") != 1:
                yield f"{kind}-{n} is there {numbers.count(f'{kind}-{n}')} times"
    if len(numbers) != sum(NUMBERS.values()):
        yield "there are numbers that the RFC does not have"
    if len(rows) != len(re.findall(r"^\| [A-Z]+-", text, re.M)):
        yield "a row is not of the form of a row"
    tests = {*kunit_tests(), *python_tests(), *functional_tests()}
    for number, kind, _, _, level, answer, why in rows:
        named = re.findall(r"`((?:\w+\.|functional\.sh:)[^`]+)`", why)
        for test in sorted(set(named) - tests):
            yield f"{number}: there is no test {test}"
        if not level.startswith(LEVELS[kind]):
            yield f"{number} is no {level}"
        if answer == "yes" and not named:
            yield f"{number} names no test"
        if answer == "no" and not why.strip():
            yield f"{number} gives no reason"


def counts(rows):
    for level in ("MUST", "SHOULD", "MAY"):
        answers = [answer for _, kind, _, _, _, answer, _ in rows if LEVELS[kind] == level]
        yield f"- {level}: {answers.count('yes')} of {len(answers) - answers.count('-')}"


def counted(text, rows):
    if BEGIN not in text or END not in text:
        sys.exit(f"rfc9293.py: {TABLE.name} lacks the markers {BEGIN} and {END}")
    head, rest = text.split(BEGIN, 1)
    return head + BEGIN + "\n" + "\n".join(counts(rows)) + "\n" + END + rest.split(END, 1)[1]


def main(args):
    text = TABLE.read_text()
    rows = ROW.findall(text)
    if args == ["--write"]:
        TABLE.write_text(counted(text, rows))
    elif args == ["--check"]:
        wrong = list(faults(text, rows))
        if counted(text, rows) != text:
            wrong.append("the counts are out of date: run scripts/rfc9293.py --write")
        if wrong:
            sys.exit("\n".join(f"rfc9293.py: {fault}" for fault in wrong))
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
