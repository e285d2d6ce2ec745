"""A run as data, to be told, drawn and compared: what result.json holds.

A run: {"protocol", "knobs": [{"name", "side", "value", "default"}], "checks": [{"text", "expected", "measured",
"passed"}], "answer": {"en", "zh"}, "events": [...], "states": [{"s", "side", "old", "new", "ports"}], "notes": [{"s",
"side", "text"}], "series": [{"side", "ports", "points": [[s, {...}]]}], "error": what was raised}.
An event is a segment: {"s", "from", "to", "arrived_s": [...], "fate": "", "lost", "queue full", "held" or "spoilt",
"injected": "", "old" or "made up", "flags", "seq", "ack" (relative), "absolute_seq", "absolute_ack", "length",
"window", "header_octets", "checksum", "urgent", "options", "kind", "ports": [client's, server's]}.
result.json: {"name", "questions", "title": {"en", "zh"}, "rfc", "settings", "xtcp": a run, "kernel": a run or null,
"difference": {"en", "zh"}, "passed"}.
"""


def header_of(segment):
    """What Segment does not say: the header's length and its checksum."""
    packet = segment.packet
    start = (packet[0] & 15) * 4 if packet[0] >> 4 == 4 else 40
    header = packet[start:start + 20]
    return (header[12] >> 4) * 4, int.from_bytes(header[16:18], "big")


def event_of(lab, trip):
    """A segment on the cable."""
    segment = trip.segment
    receiver = lab.cable.other(trip.sender).name
    fate = trip.lost or ("held" if trip.held else "spoilt" if trip.spoilt else "")
    ports = [segment.source_port, segment.destination_port]
    header_octets, checksum = header_of(segment) if segment.flags else (0, 0)
    return {"s": lab.seconds(trip.at_ns), "from": trip.sender, "to": receiver,
            "arrived_s": [lab.seconds(ns) for ns in trip.arrivals_ns], "fate": fate, "injected": trip.injected,
            "kind": segment.kind, "flags": segment.flags, "seq": lab.relative(trip.sender, segment, segment.seq),
            "ack": lab.relative(receiver, segment, segment.ack) if segment.has("ACK") else None,
            "absolute_seq": segment.seq, "absolute_ack": segment.ack if segment.has("ACK") else None,
            "length": segment.length, "window": segment.window,
            "header_octets": header_octets, "checksum": checksum, "urgent": segment.urgent, "options": segment.options,
            "ports": ports if trip.sender == "client" else ports[::-1]}


def change(lab, found):
    ports = [found["port"], found["peer_port"]]
    return {"s": lab.seconds(found["ns"]), "side": found["side"], "old": found["old"], "new": found["new"],
            "ports": ports if found["side"] == "client" else ports[::-1]}


def right_sums(lab):
    """One check of every run: what sockets sent has right checksums."""
    wrong = [lab.seconds(trip.at_ns) for trip in lab.cable.trips if not trip.segment.sum_is_right and not trip.injected]
    lab.check("segments with a wrong checksum", [], wrong)


def run_of(lab, defaults):
    """All of it."""
    right_sums(lab)
    changes = lab.trace()
    return {"protocol": lab.protocol,
            "knobs": [{"name": name, "side": side, "value": value,
                       "default": None if lab.kernel else defaults.get(name)}
                      for (name, side), value in lab.knobs.items()],
            "checks": lab.checks, "answer": lab.answers, "events": [event_of(lab, trip) for trip in lab.cable.trips],
            "states": [change(lab, c) for c in changes],
            "notes": [{"s": lab.seconds(note["ns"]), "side": note["side"], "text": note["text"]} for note in lab.notes],
            "series": [{"side": sock.side, "ports": [sock.port, sock.peer], "points": lab.series(sock)}
                       for sock in lab.watched]}


def shape(run):
    return [(e["from"], e["flags"] or e["kind"], e["length"], e["fate"]) for e in run["events"]]


def difference(xtcp, kernel):
    """What every comparison begins with: the same segments or not, and the first time that is another."""
    if kernel["error"] or not kernel["events"]:
        return "The kernel's TCP could not do this.", "内核 TCP 做不了这个实验。"
    if shape(xtcp) != shape(kernel):
        return other_shape(xtcp["events"], kernel["events"])
    late = [(abs(a["s"] - b["s"]), a, b) for a, b in zip(xtcp["events"], kernel["events"])]
    most, one, other = max(late, key=lambda entry: entry[0])
    if most < 0.001:
        return ("The kernel's TCP sends the same segments at the same times.", "内核 TCP 在相同时刻发出相同的报文段。")
    return (f"The kernel's TCP sends the same segments; the times differ by up to {most:.3f} s ({one['flags']} at "
            f"{one['s']:.3f} s, the kernel's at {other['s']:.3f} s).",
            f"内核 TCP 发出相同的报文段，时刻最多相差 {most:.3f} 秒（{one['flags']} 在 {one['s']:.3f} 秒，"
            f"内核在 {other['s']:.3f} 秒）。")


def brief(event):
    octets = f" with {event['length']} octets" if event["length"] else ""
    return f"{event['flags'] or event['kind']}{octets} from the {event['from']} at {event['s']:.3f} s"


def brief_zh(event):
    octets = f"（{event['length']} 字节）" if event["length"] else ""
    who = {"client": "客户端", "server": "服务端"}[event["from"]]
    return f"{who}在 {event['s']:.3f} 秒的 {event['flags'] or event['kind']}{octets}"


def other_shape(xtcp, kernel):
    """How many segments, and the first that is another."""
    en = f"Segments on the cable: {len(xtcp)} with xtcp, {len(kernel)} with the kernel's TCP"
    zh = f"线路上的报文段：xtcp {len(xtcp)} 个，内核 TCP {len(kernel)} 个"
    for number, (one, other) in enumerate(zip(xtcp, kernel), 1):
        if shape({"events": [one]}) != shape({"events": [other]}):
            return (f"{en}; number {number} is {brief(one)} with xtcp, {brief(other)} with the kernel's.",
                    f"{zh}；第 {number} 个：xtcp 是{brief_zh(one)}，内核是{brief_zh(other)}。")
    return f"{en}, the same as far as both go.", f"{zh}，共同的部分相同。"
