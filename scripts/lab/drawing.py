"""A run's ladder as SVG, in English and Chinese, that looks right on light and dark pages."""
import html
import math
import re

from ladder import marks, numbers, rows_of, shortened

STYLE = """
svg.ladder { color: var(--ink, #222); font: 12px system-ui, sans-serif; }
.ladder text { fill: currentColor; pointer-events: none; } .ladder .zh { display: none; }
.ladder .label text, .ladder .note text { paint-order: stroke; stroke: var(--paper, #fff); stroke-width: 4px; }
.ladder .time { fill-opacity: .65; font-size: 11px; } .ladder .head { font-weight: 600; font-size: 14px; }
.ladder line { stroke: currentColor; stroke-width: 1.2; } .ladder .life { stroke-opacity: .3; stroke-width: 2; }
.ladder .arrow { fill: currentColor; } .ladder .lost line { stroke: var(--lost, #c62f2f); stroke-dasharray: 5 3; }
.ladder .lost text { fill: var(--lost, #c62f2f); }
.ladder .old line { stroke: var(--old, #96660a); stroke-dasharray: 2 3; } .ladder .old .arrow { fill: var(--old, #96660a); }
.ladder .old text { fill: var(--old, #96660a); } .ladder .state text { font-weight: 600; fill: var(--state, #1f6fb5); }
.ladder .state text { pointer-events: auto; } .ladder .note text { font-style: italic; fill-opacity: .8; }
.ladder .segment:hover line { stroke-width: 2.5; } .ladder .segment line.hit { stroke-opacity: 0; stroke-width: 22; }
@media (prefers-color-scheme: dark) { svg.ladder:root { color: #ddd; background: #16181c; --paper: #16181c;
  --state: #6db3f2; --lost: #ff7b72; --old: #e3b341; } }
"""
LEFT, RIGHT, WIDTH, TOP = 230, 770, 1000, 50
STATE = 74  # from a life line to the states beside the times
ROOM = LEFT - STATE - 6
CHARACTER = 6.6  # wide, of 12 px
WORDS = {"client": "客户端", "server": "服务端", "octets": "字节", "lost": "丢失", "queue full": "队列满", "held": "被扣留",
         "spoilt": "被破坏", "old": "旧的", "made up": "伪造", "arrives": "到达", "times": "次", "more": "更多",
         "end of stream": "流结束", "connected": "已连接", "send": "发送", "fragment of": "分片：", "at": "偏移", "type": "类型",
         "code": "代码"}
WORD = re.compile(r"\b(" + "|".join(sorted(WORDS, key=len, reverse=True)) + r")\b")


def tongues(words):
    """Both languages, of which the page shows one."""
    return WORD.sub(lambda word: f'<tspan class="en">{word[0]}</tspan><tspan class="zh">{WORDS[word[0]]}</tspan>',
                    html.escape(words))


def moment(s):
    """Seconds to the microsecond, as the tracepoints have them."""
    return f"{max(s, 0):.6f}"


class Drawing:
    """Rows become lines of SVG; y goes down with time, by what must be legible and not by scale."""

    def __init__(self, run):
        self.rows, self.parts, self.over, self.taken = shortened(rows_of(run)), [], [], []
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
                y += (16 if arrival else 22) + (14 if s - last > 0.5 else 0)
            last = s
            self.y[order, at] = y
        self.height = y + 30

    @staticmethod
    def text(x, y, words, anchor="middle", more=""):
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{tongues(words)}</text>'

    def beside(self, side, y, s, states):
        """Time, and states with it, outside of the life line."""
        x, anchor, step = (LEFT - 8, "end", -1) if side == "client" else (RIGHT + 8, "start", 1)
        if s is not None:
            self.over.append(self.text(x, y + 4, f"{max(s, 0):.{3 if s < 1e5 else 1}f}", anchor, ' class="time"'))
        if states:
            words = " → ".join(state["new"] for state in states)
            tight = f' textLength="{ROOM}" lengthAdjust="spacingAndGlyphs"' if len(words) * 8 > ROOM else ""
            since = moment(states[-1]["s"])
            self.over.append(f'<g class="state" data-since="{since}" tabindex="0"><title>state: {states[-1]["new"]}\n'
                             f"since: {since} s\nbefore: {states[0]['old']}</title>"
                             f"{self.text(x + step * (STATE - 8), y + 4, words, anchor, tight)}</g>")

    def is_free(self, points):
        return not any(abs(x - a) < 8 and abs(y - b) < 13 for x, y in points for a, b in self.taken)

    def along(self, x1, y1, x2, y2, words):
        """Words on a line, above or below it and near to who sends, where no others are; none where all is taken."""
        way, slope, wide = (1 if x2 > x1 else -1), (y2 - y1) / (x2 - x1), len(words) * CHARACTER
        places = [(x1 + way * off, y1 + slope * way * off + above)
                  for off in range(14, max(int(RIGHT - LEFT - 14 - wide), 15), 24) for above in (-5, 14)]
        lines = [[(x + way * i, y + slope * way * i - 4) for i in range(0, int(wide) + 8, 8)] for x, y in places]
        points = next(filter(self.is_free, lines), None)
        if points is None:
            return ""
        self.taken += points
        x, y = places[lines.index(points)]
        turn = f' transform="rotate({math.degrees(math.atan(slope)):.2f} {x:.1f} {y:.1f})"'
        return self.text(x, y, words, "start" if way > 0 else "end", turn)

    @staticmethod
    def line(x1, y1, x2, y2):
        """Twice: wide, for who points at it, and as one sees it."""
        ends = f'x1="{x1:.1f}" y1="{y1}" x2="{x2:.1f}" y2="{y2}"'
        return f'<line class="hit" {ends}/><line {ends}/>'

    def arrow(self, x1, y1, x2, y2):
        turn = math.degrees(math.atan2(y2 - y1, x2 - x1))
        return self.line(x1, y1, x2, y2) + \
            f'<path class="arrow" d="M0 0l-9-4v8z" transform="translate({x2} {y2}) rotate({turn:.2f})"/>'

    def segment(self, order, row):
        event, start = row["event"], self.y[order, None]
        ends = {"client": LEFT, "server": RIGHT}
        x1, x2 = ends[event["from"]], ends[event["to"]]
        arrived = event["arrived_s"]
        kind = (" old" if event["injected"] else "") + ("" if arrived else " lost")
        stop = (x1 + 2 * x2) / 3
        self.parts.append(f'<g class="segment{kind}" tabindex="0"><title>{html.escape(hover(event))}</title>')
        self.parts += [self.arrow(x1, start, x2, self.y[order, at]) for at in arrived]
        if not arrived:
            self.parts += [self.line(x1, start, stop, start + 8), self.text(stop, start + 12, "✕")]
        self.parts.append("</g>")
        words = numbers(event, False) + (f" ({marks(event)})" if marks(event) else "")
        end = (x2, self.y[order, arrived[0]]) if arrived else (stop, start + 8)
        self.over.append(f'<g class="label{kind}">{self.along(x1, start, *end, words)}</g>')
        self.around(order, row, start)

    def around(self, order, row, start):
        """The times and states at both ends of a segment."""
        event, states = row["event"], row["states"]
        if not event["injected"]:
            self.beside(event["from"], start, event["s"], states.get(event["from"], []))
        for number, at in enumerate(event["arrived_s"]):
            self.beside(event["to"], self.y[order, at], at, [] if number else states.get(event["to"], []))

    def note(self, y, note):
        left = note["side"] == "client"
        x, way = (LEFT + 8, 1) if left else (RIGHT - 8, -1)
        self.taken += [(x + way * i, y) for i in range(0, int(len(note["text"]) * CHARACTER) + 8, 8)]
        self.over.append(f'<g class="note">{self.text(x, y + 4, note["text"], "start" if left else "end")}</g>')

    def row(self, order, row):
        y = self.y[order, None]
        if "event" in row:
            self.segment(order, row)
        elif "gap" in row:
            words = self.text((LEFT + RIGHT) / 2, y + 4, f"… {row['gap']} more …")
            self.over.append(f'<g class="note">{words}</g>')
        elif "state" in row:
            self.beside(row["state"]["side"] or "server", y, row["s"], [row["state"]])

    def svg(self):
        for x, name in ((LEFT, "client"), (RIGHT, "server")):
            self.over.append(self.text(x, 22, name, more=' class="head"'))
            self.parts.append(f'<line class="life" x1="{x}" y1="32" x2="{x}" y2="{self.height - 10}"/>')
        for order, row in enumerate(self.rows):  # words that cannot move come first
            if "note" in row:
                self.note(self.y[order, None], row["note"])
            elif "event" in row and not row["event"]["arrived_s"]:
                end = (LEFT + 2 * RIGHT) / 3 if row["event"]["from"] == "client" else (RIGHT + 2 * LEFT) / 3
                self.taken += [(end, self.y[order, None] + 8)]
        for order, row in enumerate(self.rows):
            self.row(order, row)
        return "".join(self.parts + self.over)


def hover(event):
    """Every field of the header, for who points at the segment: a `name: value` a line."""
    lines = [f"segment: {event['flags'] or event['kind']}", f"sent: {moment(event['s'])} s, {event['from']}"]
    lines += [f"arrived: {moment(at)} s, {event['to']}" for at in event["arrived_s"]]
    if marks(event):
        lines.append(f"network: {marks(event)}")
    if event["flags"]:
        ports = event["ports"] if event["from"] == "client" else event["ports"][::-1]
        lines += [f"source port: {ports[0]}", f"destination port: {ports[1]}",
                  f"sequence number: {event['seq']} = {event['absolute_seq']}"]
        if event["ack"] is not None:
            lines.append(f"acknowledgment number: {event['ack']} = {event['absolute_ack']}")
        lines += [f"header length: {event['header_octets']}", f"window: {event['window']}",
                  f"checksum: 0x{event['checksum']:04x}"]
        if "URG" in event["flags"]:
            lines.append(f"urgent pointer: {event['urgent']}")
        lines += [f"option {name}: {value}" for name, value in event["options"].items()]
    return "\n".join(lines + [f"text: {event['length']}"])


def framed(run, style=""):
    drawing = Drawing(run)
    body = drawing.svg()
    return (f'<svg xmlns="http://www.w3.org/2000/svg" class="ladder" viewBox="0 0 {WIDTH} {drawing.height}" role="img">'
            f"{style}{body}</svg>\n")


def svg(run):
    """By itself, for a file."""
    return framed(run, f"<style>{STYLE}</style>")
