"""cwnd, octets in flight, the peer's window and RTT over time as SVG."""

PANELS = ((("in_flight", "octets in flight", "在途字节"), ("cwnd", "cwnd", "cwnd"), ("window", "window", "窗口")),
          (("rtt_ms", "RTT, ms", "RTT，毫秒"),))
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 230, 80, 20, 28, 34
COLOURS = ("var(--one, #1f6fb5)", "var(--two, #c4571a)", "var(--three, #4a9a3c)")
STYLE = """
svg.plot { color: var(--ink, #222); font: 12px system-ui, sans-serif; } .plot text { fill: currentColor; } .plot .zh { display: none; }
.plot .grid { stroke: currentColor; stroke-opacity: .15; } .plot path { fill: none; stroke-width: 1.6; }
@media (prefers-color-scheme: dark) { svg.plot:root { color: #ddd; background: #16181c;
  --one: #6db3f2; --two: #ff9a5c; --three: #7fd06f; } }
"""


def steps(top):
    """Round numbers up to a little above the top."""
    if top <= 0:
        return [0, 1]
    size = 10 ** (len(str(int(top))) - 1) if top >= 1 else 0.1
    step = next(size * factor for factor in (0.2, 0.5, 1, 2, 5) if top / (size * factor) <= 6)
    return [step * i for i in range(int(top / step) + 2)]


def curves(points):
    """{name: [(s, value)]}, cwnd in octets."""
    found, mss = {}, 1460
    for s, values in points:
        mss = values.get("mss", mss)
        for name, value in values.items():
            if name == "cwnd":
                value *= mss
            found.setdefault(name, []).append((s, value))
    return found


def path(line, x, y):
    """Values hold until the next one: steps."""
    words, last = [], None
    for s, value in line:
        words.append(f"M{x(s):.1f} {y(value):.1f}" if last is None else f"H{x(s):.1f}V{y(value):.1f}")
        last = value
    return " ".join(words)


def panel(found, names, top_y, span):
    """One frame with its lines."""
    parts = []
    shown = [(labels, found[name]) for name, *labels in names if found.get(name)]
    # The peer's window may be far above all else: it then has no line, but a word.
    main = max((v for label, line in shown if label[0] != "window" for _, v in line), default=1)
    shown = [(label, line) for label, line in shown if label[0] != "window" or min(v for _, v in line) <= 2 * main]
    top = max((min(v, 2 * main) for _, line in shown for _, v in line), default=1)
    marks = steps(top)
    start, end = span

    def x(s):
        return LEFT + (s - start) / max(end - start, 1e-9) * (WIDTH - LEFT - RIGHT)

    def y(value):
        return top_y + HEIGHT - BOTTOM - min(value, marks[-1]) / marks[-1] * (HEIGHT - TOP - BOTTOM)

    for mark in marks:
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(mark):.1f}" y2="{y(mark):.1f}"/>'
                     f'<text x="{LEFT - 6}" y="{y(mark) + 4:.1f}" text-anchor="end">{mark:g}</text>')
    for i in range(6):
        s = start + (end - start) * i / 5
        parts.append(f'<text x="{x(s):.1f}" y="{top_y + HEIGHT - 14}" text-anchor="middle">{s:.2f} s</text>')
    for number, (label, line) in enumerate(shown):
        parts.append(f'<path d="{path(line, x, y)}" style="stroke:{COLOURS[number]}"/>'
                     f'<text x="{LEFT + 10 + 170 * number}" y="{top_y + 16}" style="fill:{COLOURS[number]}">'
                     f'<tspan class="en">{label[0]}</tspan><tspan class="zh">{label[1]}</tspan></text>')
    return "".join(parts)


def picture(points, style):
    found = curves(points)
    span = points[0][0], points[-1][0]
    body = "".join(panel(found, names, number * HEIGHT, span) for number, names in enumerate(PANELS))
    size = f"{WIDTH} {HEIGHT * len(PANELS)}"
    return (f'<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 {size}" role="img">'
            f"{style}{body}</svg>\n")


def framed(run, style=""):
    """One for each socket that was watched."""
    return [picture(series["points"], style) for series in run["series"] if len(series["points"]) > 1]


def pictures(run):
    """By themselves, for files."""
    return framed(run, f"<style>{STYLE}</style>")
