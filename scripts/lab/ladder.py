"""A run drawn as a ladder: for the terminal, and as SVG that looks right on light and dark pages."""
import html
import math

SIDES = ("client", "server")
TOGETHER_S = 0.000010  # between a change of state and the segment that made it, or that it makes
CLOCK_S = 0.000001  # tracepoints count in microseconds
MOST_ROWS, FIRST, LAST = 80, 45, 12


def numbers(event, absolute=True):
    """'SYN-ACK seq 0=17 ack 1=4', or what it is if it is no segment."""
    if not event["flags"]:
        return event["kind"]
    words = event["flags"]
    if event["length"]:
        words += f" {event['length']} octets"
    words += f" seq {event['seq']}" + (f"={event['absolute_seq']}" if absolute else "")
    if event["ack"] is not None:
        words += f" ack {event['ack']}" + (f"={event['absolute_ack']}" if absolute else "")
    return words


def extras(event):
    """Window and what the options of a SYN say."""
    short = {"window_scale": "ws", "sack_permitted": "sack", "timestamps": "ts"}
    words = f"win {event['window']}" if event["flags"] else ""
    for name, value in event["options"].items():
        if name == "timestamps" and "SYN" not in event["flags"]:
            continue
        plain = isinstance(value, int) and not isinstance(value, bool)
        words += f" {short.get(name, name)}" + (f" {value}" if plain else "")
        if name == "sack":
            words += f" x{len(value)}"
    return words


def marks(event):
    """What is said behind a segment: what the network did."""
    words = []
    if event["injected"]:
        words.append(event["injected"])
    if event["fate"]:
        words.append(event["fate"])
    if len(event["arrived_s"]) > 1:
        words.append(f"arrives {len(event['arrived_s'])} times")
    return ", ".join(words)


def rows_of(run):
    """[{"s", "event" or "note" or "state", ...}] in the order of time; a state that a segment makes is in its row."""
    rows = [{"s": e["s"], "event": e, "number": n, "states": {}} for n, e in enumerate(run["events"])]
    loose = []
    for state in run["states"]:
        if not attach(state, rows):
            loose.append({"s": state["s"], "state": state})
    rows += loose + [{"s": note["s"], "note": note} for note in run["notes"]]
    kinds = ("note", "state", "event")
    rows.sort(key=lambda row: (round(row["s"], 6), row.get("state", {}).get("new") != "LISTEN",
                               next(i for i, kind in enumerate(kinds) if kind in row)))
    return rows


def attach(state, rows):
    """Put a change of state to the segment that was sent, or arrived, at that end at that time."""
    found = []
    for row in rows:
        event = row["event"]
        if state["ports"] != event["ports"]:
            continue
        if event["to"] == state["side"]:  # it comes after an arrival
            found += [(0, state["s"] - at, row["number"]) for at in event["arrived_s"]]
        elif not event["injected"]:  # and before a segment that is sent
            found.append((1, event["s"] - state["s"], row["number"]))
    found = [one for one in found if -CLOCK_S <= one[1] < TOGETHER_S]
    if found:
        rows[min(found)[2]]["states"].setdefault(state["side"], []).append(state)
    return bool(found)


def shortened(rows):
    """All of a short ladder; of a long one the beginning, the end, and what was lost."""
    if len(rows) <= MOST_ROWS:
        return rows
    lost = [i for i, row in enumerate(rows) if "event" in row and row["event"]["fate"]][:8]
    keep = set(range(FIRST)) | set(range(len(rows) - LAST, len(rows)))
    keep |= {j for i in lost for j in (i - 1, i, i + 1)}
    kept, gap = [], 0
    for i, row in enumerate(rows):
        if i in keep:
            if gap:
                kept.append({"s": row["s"], "gap": gap})
            kept.append(row)
            gap = 0
        else:
            gap += 1
    return kept


# -- the terminal


def names(states):
    return ">".join(state["new"] for state in states)


def line(left, middle, right):
    """One line of the ladder: (time, state) at both sides."""
    clock = "{:>12}".format
    times = [clock(f"{max(s, 0):.6f}" if s is not None else "") for s in (left[0], right[0])]
    return f"{times[0]}  {left[1]:<12} {middle} {right[1]:<12} {times[1]}".rstrip()


def arrow(event, text, width):
    """'--- text ---->' or its mirror image, lost half the way."""
    text, space = text[:width - 8], width - 8
    shaft = f"--- {text} ".ljust(space, "-") if text else "-" * space
    if event["fate"] in ("lost", "queue full") and not event["arrived_s"]:
        shaft = f"--- {text} --X"
        shaft = shaft.ljust(space + 4) if event["from"] == "client" else ("X-- " + text + " ---").rjust(space + 4)
        return f"|{shaft[:width - 2].ljust(width - 2)}|"
    if event["from"] == "client":
        return f"|{shaft.ljust(width - 3, '-')}>|"
    return f"|<{shaft.ljust(width - 3, '-')}|"


def segment_lines(row, width, absolute):
    event, states = row["event"], row["states"]
    text = numbers(event, absolute)
    more = "; ".join(filter(None, (marks(event), extras(event) if "SYN" in event["flags"] else "")))
    text += f" ({more})" if more else ""
    arrived = event["arrived_s"][0] if event["arrived_s"] else None
    ends = {event["from"]: event["s"] if not event["injected"] else None, event["to"]: arrived}
    left, right = ((ends[side], names(states.get(side, []))) for side in SIDES)
    return [line(left, arrow(event, text, width), right)]


def word_lines(side, s, state, text, width):
    """A row without a segment."""
    blank = (None, "")
    here = (s, state)
    middle = "|" + (text.ljust(width - 2) if side == "client" else text.rjust(width - 2)) + "|"
    return [line(here, middle, blank) if side == "client" else line(blank, middle, here)]


def terminal(run, columns=150):
    """The lines of the ladder."""
    absolute = columns >= 140
    width = max(columns - 56, 40)
    lines = [line((None, "client"), " " * width, (None, "server")).rstrip()]
    for row in shortened(rows_of(run)):
        if "gap" in row:
            lines += [line((None, ""), f"|{'... ' + str(row['gap']) + ' more ...':^{width - 2}}|", (None, ""))]
        elif "event" in row:
            lines += segment_lines(row, width, absolute)
        elif "note" in row:
            lines += word_lines(row["note"]["side"], row["s"], "", row["note"]["text"], width)
        else:
            lines += word_lines(row["state"]["side"], row["s"], row["state"]["new"], "", width)
    return lines


# -- SVG

STYLE = """
svg.ladder { color: var(--ink, #222); font: 12px system-ui, sans-serif; }
.ladder text { fill: currentColor; } .ladder .time { fill-opacity: .65; font-size: 11px; }
.ladder line { stroke: currentColor; stroke-width: 1.2; } .ladder .life { stroke-opacity: .35; stroke-width: 2; }
.ladder .arrow { fill: currentColor; } .ladder .lost line { stroke: var(--lost, #d33f3f); stroke-dasharray: 5 3; }
.ladder .lost text { fill: var(--lost, #d33f3f); }
.ladder .old line { stroke: var(--old, #b07a10); stroke-dasharray: 2 3; }
.ladder .old text { fill: var(--old, #b07a10); } .ladder .state text { font-weight: 600; fill: var(--state, #1f6fb5); }
.ladder .note text { font-style: italic; } .ladder .segment:hover line { stroke-width: 2.5; }
.ladder .hit { stroke-opacity: 0; stroke-width: 14; }
@media (prefers-color-scheme: dark) { svg.ladder:root { color: #ddd; background: #16181c;
  --state: #6db3f2; --lost: #ff7b72; --old: #e3b341; } }
"""
LEFT, RIGHT, WIDTH, TOP = 200, 700, 900, 44


class Drawing:
    """Rows become lines of SVG; y goes down with time, by what must be legible and not by scale."""

    def __init__(self, run):
        self.run, self.rows, self.parts = run, shortened(rows_of(run)), []
        self.places()

    def places(self):
        """y of each moment at which something happens."""
        moments = []
        for order, row in enumerate(self.rows):
            moments.append((row["s"], 0, order, None))
            for at in row.get("event", {}).get("arrived_s", []):
                moments.append((at, 1, order, at))
        self.y, y, last = {}, TOP, None
        for s, arrival, order, at in sorted(moments, key=lambda m: (round(m[0], 6), -m[1], m[2])):
            if last is not None:
                y += 13 if arrival else 22
                y += 14 if s - last > 0.5 else 0
            last = s
            self.y[order, at] = y
        self.height = y + 30

    def text(self, x, y, words, anchor="middle", kind="", turn=""):
        self.parts.append(f'<text x="{x}" y="{y}" text-anchor="{anchor}"' + (f' class="{kind}"' if kind else "") +
                          (f' transform="{turn}"' if turn else "") + f">{html.escape(words)}</text>")

    def beside(self, side, y, s, states):
        """Time, and states with it, outside of the life line."""
        x, anchor, step = (LEFT - 8, "end", -1) if side == "client" else (RIGHT + 8, "start", 1)
        if s is not None:
            self.text(x, y + 4, f"{max(s, 0):.6f}", anchor, "time")
        if states:
            since = f"{states[-1]['s']:.6f}"
            self.parts.append(f'<g class="state" data-since="{since}"><title>{html.escape(names(states))} since '
                              f"{since} s, before {states[0]['old']}</title>")
            self.text(x + step * 72, y + 4, names(states), anchor)
            self.parts.append("</g>")

    def along(self, x1, y1, x2, y2, words):
        """Words on a line, nearer to who sends."""
        share, slope = 0.34, (y2 - y1) / (x2 - x1)
        x, y = x1 + share * (x2 - x1), y1 + share * (y2 - y1) - 4
        turn = f"rotate({math.degrees(math.atan(slope)):.2f} {x:.1f} {y:.1f})"
        self.text(f"{x:.1f}", f"{y:.1f}", words, turn=turn)

    def segment(self, order, row):
        event, start = row["event"], self.y[order, None]
        ends = {"client": LEFT, "server": RIGHT}
        x1, x2 = ends[event["from"]], ends[event["to"]]
        arrived = event["arrived_s"]
        kind = "segment" + (" old" if event["injected"] else "") + ("" if arrived else " lost")
        self.parts.append(f'<g class="{kind}" data-event="{row["number"]}"><title>{html.escape(hover(event))}</title>')
        for at in arrived or [None]:
            end = self.y[order, at] if at is not None else start + 8  # two thirds of 12
            stop = x2 if at is not None else (x1 + 2 * x2) / 3
            self.parts.append(f'<line class="hit" x1="{x1}" y1="{start}" x2="{stop}" y2="{end}"/>'
                              f'<line x1="{x1}" y1="{start}" x2="{stop}" y2="{end}"/>')
            if at is None:
                self.text(stop, end + 4, "✕")
            else:
                way = 1 if x2 > x1 else -1
                self.parts.append(f'<path class="arrow" d="M{x2} {end} l{-9 * way} -5 v9 z"/>')
        words = numbers(event, False) + (f" ({marks(event)})" if marks(event) else "")
        self.along(x1, start, x2, self.y[order, arrived[0]] if arrived else start + 12, words)
        self.parts.append("</g>")
        states = row["states"]
        if not event["injected"]:
            self.beside(event["from"], start, event["s"], states.get(event["from"], []))
        if arrived:
            self.beside(event["to"], self.y[order, arrived[0]], arrived[0], states.get(event["to"], []))
            for at in arrived[1:]:
                self.beside(event["to"], self.y[order, at], at, [])

    def row(self, order, row):
        y = self.y[order, None]
        if "event" in row:
            self.segment(order, row)
        elif "note" in row:
            x, anchor = (LEFT + 8, "start") if row["note"]["side"] == "client" else (RIGHT - 8, "end")
            self.parts.append('<g class="note">')
            self.text(x, y + 4, row["note"]["text"], anchor)
            self.parts.append("</g>")
        elif "gap" in row:
            self.text((LEFT + RIGHT) / 2, y + 4, f"… {row['gap']} …")
        else:
            self.beside(row["state"]["side"] or "server", y, row["s"], [row["state"]])

    def svg(self):
        for x, name in ((LEFT, "client"), (RIGHT, "server")):
            self.text(x, 20, name)
            self.parts.append(f'<line class="life" x1="{x}" y1="28" x2="{x}" y2="{self.height - 10}"/>')
        for order, row in enumerate(self.rows):
            self.row(order, row)
        size = f"{WIDTH} {self.height}"
        return (f'<svg xmlns="http://www.w3.org/2000/svg" class="ladder" viewBox="0 0 {size}" role="img">'
                f"<style>{STYLE}</style>" + "".join(self.parts) + "</svg>\n")


def hover(event):
    """Every field of the header, for who points at the segment."""
    lines = [numbers(event), extras(event), f"ports {event['ports'][0]} and {event['ports'][1]}"]
    lines.append(f"sent {event['s']:.6f} s")
    lines += [f"arrived {at:.6f} s" for at in event["arrived_s"]] + [marks(event)]
    for name, value in event["options"].items():
        lines.append(f"option {name}: {value}")
    return "\n".join(filter(None, lines))


def svg(run):
    return Drawing(run).svg()
