#!/usr/bin/env python3
"""A table of `make bench`, and a picture of its ratios with the goals in it:  picture.py PICTURE.SVG BENCH.JSON..."""

import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402  pylint: disable=wrong-import-position


def table(rows):
    print(f"\n{'':54} {'xtcp':>10} {'TCP':>10}        {'ratio':>6} {'goal':>6}")
    for row in rows:
        sign = ">=" if row["rate"] else "<="
        print(f"{row['text'][:54]:54} {row['xtcp']:10.1f} {row['tcp']:10.1f} {row['unit']:6} {row['ratio']:6.2f}",
              f"{sign} {row['goal']:<5} {'' if row['ok'] else 'short'}".rstrip())
    print(f"\n{sum(row['ok'] for row in rows)} of {len(rows)} goals reached")


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
    print(f"picture: {path}")


if __name__ == "__main__":
    ROWS = [row for path in sys.argv[2:] for row in json.loads(pathlib.Path(path).read_text(encoding="utf-8"))]
    table(ROWS)
    picture(ROWS, sys.argv[1])
