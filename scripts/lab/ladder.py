"""A run as a ladder, in rows, and those in the terminal; drawing.py makes SVG of them."""

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
