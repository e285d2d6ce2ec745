"""The diagram of states, RFC 9293 figure 5, whose arrows lead to the runs that took them."""
import html

WIDTH, HEIGHT, WIDE, HIGH = 900, 700, 132, 34
PLACES = {"CLOSED": (450, 40), "LISTEN": (450, 150), "SYN_RCVD": (130, 250), "SYN_SENT": (770, 250),
          "ESTABLISHED": (450, 340), "FIN_WAIT_1": (130, 440), "CLOSE_WAIT": (770, 440), "CLOSING": (450, 520),
          "FIN_WAIT_2": (130, 600), "TIME_WAIT": (450, 650), "LAST_ACK": (770, 545), "CLOSED again": (770, 650)}
# from, to: what happens, what is sent; where the arrow leaves and arrives (from the middles), where its words are
ARROWS = (
    ("CLOSED", "LISTEN", "passive OPEN", "", (-30, 17), (-30, -17), (412, 99, "end")),
    ("LISTEN", "CLOSED", "CLOSE", "", (30, -17), (30, 17), (488, 99, "start")),
    ("CLOSED", "SYN_SENT", "active OPEN", "SYN", (66, 4), (-14, -17), (690, 112, "end")),
    ("SYN_SENT", "CLOSED", "CLOSE", "", (34, -17), (66, -8), (746, 76, "start")),
    ("LISTEN", "SYN_RCVD", "SYN", "SYN,ACK", (-66, 0), (10, -17), (240, 184, "end")),
    ("SYN_RCVD", "LISTEN", "RST", "", (50, -17), (-56, 17), (296, 214, "start")),
    ("LISTEN", "SYN_SENT", "SEND", "SYN", (66, 8), (-40, -17), (602, 207, "end")),
    ("SYN_SENT", "SYN_RCVD", "SYN", "SYN,ACK", (-66, 0), (66, 0), (450, 229, "middle")),
    ("SYN_RCVD", "ESTABLISHED", "ACK of SYN", "", (40, 17), (-66, -9), (236, 312, "end")),
    ("SYN_SENT", "ESTABLISHED", "SYN,ACK", "ACK", (-40, 17), (66, -9), (664, 312, "start")),
    ("SYN_RCVD", "FIN_WAIT_1", "CLOSE", "FIN", (-20, 17), (-20, -17), (102, 350, "end")),
    ("ESTABLISHED", "FIN_WAIT_1", "CLOSE", "FIN", (-66, 9), (30, -17), (300, 404, "start")),
    ("ESTABLISHED", "CLOSE_WAIT", "FIN", "ACK", (66, 9), (-30, -17), (600, 404, "end")),
    ("FIN_WAIT_1", "FIN_WAIT_2", "ACK of FIN", "", (-20, 17), (-20, -17), (102, 525, "end")),
    ("FIN_WAIT_1", "CLOSING", "FIN", "ACK", (66, 6), (-40, -17), (312, 455, "start")),
    ("FIN_WAIT_1", "TIME_WAIT", "FIN, ACK of FIN", "ACK", (20, 17), (-46, -17), (242, 540, "end")),
    ("FIN_WAIT_2", "TIME_WAIT", "FIN", "ACK", (66, 4), (-66, 0), (270, 642, "end")),
    ("CLOSING", "TIME_WAIT", "ACK of FIN", "", (0, 17), (0, -17), (460, 590, "start")),
    ("CLOSE_WAIT", "LAST_ACK", "CLOSE", "FIN", (0, 17), (0, -17), (780, 497, "start")),
    ("LAST_ACK", "CLOSED again", "ACK of FIN", "", (0, 17), (0, -17), (780, 602, "start")),
    ("TIME_WAIT", "CLOSED again", "2 MSL", "", (66, 0), (-66, 0), (610, 643, "middle")),
)
STYLE = """
svg.states { font: 12.5px system-ui, sans-serif; color: var(--ink, #222); } .states text { fill: currentColor; }
.states rect { fill: var(--paper, #fff); stroke: currentColor; stroke-width: 1.4; } .states .name { font-weight: 600; }
.states path { fill: none; stroke: currentColor; stroke-width: 1.4; } .states path.tip { fill: currentColor; stroke: none; }
.states path.hit { stroke-opacity: 0; stroke-width: 18; } .states .taken { color: var(--state, #1f6fb5); cursor: pointer; }
.states .not { color: var(--faint, #888); } .states .not path { stroke-dasharray: 4 4; }
.states .not path.tip { stroke-dasharray: none; } .states .taken:hover path { stroke-width: 2.6; }
.states .words { paint-order: stroke; stroke: var(--paper, #fff); stroke-width: 4px; }
"""


def steps(run):
    """(old, new) of each change of state; of a half-open one that a RST ends, as figure 5 has it: back to LISTEN."""
    walks = {}
    for state in run["states"]:
        walk = walks.setdefault((state["side"], *state["ports"]), [])
        walk.append(state)
        old, new = state["old"], state["new"]
        if (old, new) == ("SYN_RCVD", "CLOSED") and walk[0]["old"] == "LISTEN" and reset_at(run, state):
            new = "LISTEN"
        yield old, new


def reset_at(run, state):
    return any("RST" in event["flags"] and event["to"] == state["side"] and event["ports"] == state["ports"]
               and any(abs(at - state["s"]) < 0.00002 for at in event["arrived_s"]) for event in run["events"])


def takers(results):
    """{(old, new): [name of an experiment, the one with the shortest walk first]}"""
    found = {}
    for result in sorted(results, key=lambda result: len(result["xtcp"]["states"])):
        for step in steps(result["xtcp"]):
            names = found.setdefault(step, [])
            if result["name"] not in names:
                names.append(result["name"])
    return found


def curve(one, other, leave, arrive):
    """A line between two boxes; that from CLOSED's side to SYN_SENT and back are bent, out of the way of others."""
    x1, y1 = PLACES[one][0] + leave[0], PLACES[one][1] + leave[1]
    x2, y2 = PLACES[other][0] + arrive[0], PLACES[other][1] + arrive[1]
    bend = {("CLOSED", "SYN_SENT"): (x2, y1), ("SYN_SENT", "CLOSED"): (x1, y2), ("LISTEN", "SYN_RCVD"): (x2, y1)}
    cx, cy = bend.get((one, other), ((x1 + x2) / 2, (y1 + y2) / 2))
    tip = f'<path class="tip" d="{head(cx, cy, x2, y2)}"/>'
    line = f"M{x1} {y1}Q{cx} {cy} {x2} {y2}"
    return f'<path class="hit" d="{line}"/><path d="{line}"/>{tip}'


def head(x1, y1, x2, y2):
    size = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1)
    dx, dy = (x2 - x1) / size, (y2 - y1) / size
    return (f"M{x2} {y2}L{x2 - 10 * dx + 4.5 * dy:.1f} {y2 - 10 * dy - 4.5 * dx:.1f}"
            f"L{x2 - 10 * dx - 4.5 * dy:.1f} {y2 - 10 * dy + 4.5 * dx:.1f}z")


def arrow(found, one, other, event, sent, leave, arrive, words):
    """One transition, and the run it leads to."""
    names = found.get((one, other.split()[0]), [])
    x, y, anchor = words
    second = f'<tspan x="{x}" dy="14">→ {sent}</tspan>' if sent else ""
    inside = (f"<title>{one} → {other.split()[0]}: {html.escape(', '.join(names) or '–')}</title>"
              f"{curve(one, other, leave, arrive)}"
              f'<text class="words" x="{x}" y="{y}" text-anchor="{anchor}">{event}{second}</text>')
    if names:
        return f'<a class="taken" href="#{names[0]}">{inside}</a>'
    return f'<g class="not">{inside}</g>'


def svg(found):
    parts = [arrow(found, *row) for row in ARROWS]
    for name, (x, y) in PLACES.items():
        parts.append(f'<rect x="{x - WIDE / 2}" y="{y - HIGH / 2}" width="{WIDE}" height="{HIGH}" rx="7"/>'
                     f'<text class="name" x="{x}" y="{y + 4.5}" text-anchor="middle">{name.split()[0]}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" class="states" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
            f"{''.join(parts)}</svg>\n")


def others(found):
    """Transitions that figure 5 does not draw: by RST, by timers that give up, by the user's abort."""
    drawn = {(row[0], row[1].split()[0]) for row in ARROWS}
    return {step: names for step, names in found.items() if step not in drawn}
