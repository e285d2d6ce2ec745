#!/usr/bin/env python3
"""Tell and draw what run.py left: show.py [--ladders] DIRECTORY EXPERIMENT...

Each gets ladder.svg (and kernel-ladder.svg) beside its result.json; plots where data were watched. Ends with 1 if a
check of one failed, or one did not run; then it says what was expected and what was measured.
"""
import json
import os
import pathlib
import shutil
import sys
import textwrap

sys.dont_write_bytecode = True
import drawing  # noqa: E402 pylint: disable=wrong-import-position
import ladder  # noqa: E402 pylint: disable=wrong-import-position
import plot  # noqa: E402 pylint: disable=wrong-import-position
from telling import failures, shown  # noqa: E402 pylint: disable=wrong-import-position

TONGUE = "zh" if os.environ.get("LANG", "").startswith("zh") else "en"


def told(text, indent="  "):
    return textwrap.fill(text, 118, initial_indent=indent, subsequent_indent=indent)


def tell_checks(result):
    for check in failures(result["xtcp"]):
        print(f"  WRONG: {check['text']}")
        print(f"    expected {shown(check['expected'])}\n    measured {shown(check['measured'])}")
    if result["xtcp"]["error"]:
        print(textwrap.indent(result["xtcp"]["error"], "    "))


def tell_knobs(run):
    merged = {}
    for knob in run["knobs"]:
        default = "" if knob["default"] in (None, knob["value"]) else f" (default {knob['default']})"
        merged.setdefault(f"{knob['name']}={knob['value']}{default}", []).append(knob["side"])
    return ", ".join(text + ("" if len(sides) > 1 else f" at the {sides[0]}") for text, sides in merged.items())


def tell_ladder(result, which, columns):
    print(f"\n  {'xtcp' if which == 'xtcp' else 'The kernel' + chr(39) + 's TCP'}")
    for line in ladder.terminal(result[which], columns):
        print("  " + line)


def tell(result, ladders, columns):
    print(("ok - " if result["passed"] else "not ok - ") + f"{result['name']}: {result['title'][TONGUE]}")
    tell_checks(result)
    if ladders:
        tell_ladder(result, "xtcp", columns)
        if result["kernel"]:
            tell_ladder(result, "kernel", columns)
        print()
    if ladders and result["xtcp"]["knobs"]:
        print(told("Knobs: " + tell_knobs(result["xtcp"])))
    print(told(f"{result['xtcp']['answer'][TONGUE]} ({result['rfc']})"))
    if result["difference"][TONGUE]:
        print(told(result["difference"][TONGUE]))
    for check in failures(result["kernel"]) if ladders and result["kernel"] else []:
        expected, measured = shown(check["expected"]), shown(check["measured"])
        print(told(f"Not so of the kernel's TCP: {check['text']}: {expected}; it is {measured}."))


def draw(result, directory):
    for which, prefix in (("xtcp", ""), ("kernel", "kernel-")):
        if result[which]:
            (directory / f"{prefix}ladder.svg").write_text(drawing.svg(result[which]), encoding="utf-8")
            for number, picture in enumerate(plot.pictures(result[which])):
                (directory / f"{prefix}plot{number or ''}.svg").write_text(picture, encoding="utf-8")


def main(words):
    ladders = "--ladders" in words
    directory, *names = [word for word in words if word != "--ladders"]
    columns = shutil.get_terminal_size((152, 40)).columns - 2
    bad = 0
    for name in names:
        place = pathlib.Path(directory) / name
        if not (place / "result.json").exists():
            print(f"not ok - {name}: it left no result")
            bad += 1
            continue
        result = json.loads((place / "result.json").read_text(encoding="utf-8"))
        draw(result, place)
        tell(result, ladders, columns)
        bad += not result["passed"]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
