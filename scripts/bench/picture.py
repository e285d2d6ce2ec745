#!/usr/bin/env python3
"""A table of `make bench`, also as Markdown, and a picture of its ratios with the goals in it.

  picture.py DIRECTORY [FIGURE]...   DIRECTORY: of scripts/bench.sh, with */bench.json; bench.md and bench.svg go there

A figure that was asked for and is missing is an error.
"""

import datetime
import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402  pylint: disable=wrong-import-position

import bench  # noqa: E402  pylint: disable=wrong-import-position

UNITS = {"ns": "instructions", "ms off": "ms late"}


def goal_of(row):
    return f"{'>=' if row['rate'] else '<='} {row['goal']}"


def table(rows):
    print(f"\n{'':62} {'xtcp':>10} {'TCP':>10} {'Reno':>8}          {'ratio':>6} {'goal':>6}")
    for row in rows:
        reno = f"{row['reno']:8.1f}" if row["reno"] is not None else " " * 8
        print(f"{row['text'][:62]:62} {row['xtcp']:10.1f} {row['tcp']:10.1f} {reno} {row['unit']:8}",
              f"{row['ratio']:6.2f} {goal_of(row):8} {'' if row['ok'] else 'short'}".rstrip())
    print(f"\n{sum(row['ok'] for row in rows)} of {len(rows)} goals reached,",
          f"{sum(row['took'] for row in rows) / 60:.1f} minutes of the machine's own time")


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 100 else f"{value:.2f}"


def markdown_line(row):
    tcp = number(row["tcp"]) + (f" (Reno {number(row['reno'])})" if row["reno"] is not None else "")
    goal = goal_of(row).replace(">=", "≥").replace("<=", "≤")
    return (f"| {row['text']} (`{row['name']}`) | {number(row['xtcp'])} | {tcp} "
            f"| {UNITS.get(row['unit'], row['unit'])} | {row['ratio']:.2f} | {goal} |")


def markdown(rows):
    """To be pasted into the README."""
    kernels = " and ".join(dict.fromkeys(row["kernel"] for row in rows))
    return "\n".join([f"Measured {datetime.date.today()} on Linux {kernels}; `make bench` repeats it, "
                      "`make bench B=NAME` a line of it.", "",
                      "| figure | xtcp | the kernel's TCP | | ratio | goal |", "|---|--:|--:|---|--:|--:|",
                      *map(markdown_line, rows), ""])


def picture(rows, path):
    rows = rows[::-1]
    figure, axes = plt.subplots(figsize=(9, 0.34 * len(rows) + 1))
    for y, row in enumerate(rows):
        axes.barh(y, row["ratio"], color="#4a7a4a" if row["ok"] else "#b0603a", height=0.62)
        axes.plot([row["goal"]] * 2, [y - 0.42, y + 0.42], color="black", linewidth=1.6)
        axes.text(row["ratio"] + 0.015, y, f"{row['ratio']:.2f}", va="center", fontsize=8)
    axes.axvline(1, color="grey", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(rows)), [row["text"] + (" (rate)" if row["rate"] else "") for row in rows], fontsize=8)
    axes.set_xlabel("xtcp / the kernel's TCP; | the goal: not beyond it, of rates not short of it", fontsize=8)
    axes.margins(y=0.01)
    figure.tight_layout()
    figure.savefig(path)


def main(directory, names):
    rows = [row for path in sorted(directory.glob("*/bench.json")) for row in json.loads(path.read_text("utf-8"))]
    missing = set(bench.chosen(names)) - {row["name"] for row in rows}
    if missing:
        sys.exit(f"picture.py: not measured: {' '.join(sorted(missing))}")
    table(rows)
    (directory / "bench.md").write_text(markdown(rows), encoding="utf-8")
    picture(rows, directory / "bench.svg")
    print(f"as Markdown: {directory / 'bench.md'}\npicture: {directory / 'bench.svg'}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2:])
