import segment
from lab import experiment

DAY_S = 86400


def after(lab, idle_s):
    """Whether a segment with a timestamp before the newest seen is taken, so long after that."""
    client = lab.socket()
    client.connect()
    server = lab.accept()
    client.send(b"first")
    server.receive(5)
    lab.settle()
    last = [t for t in lab.sent("client") if t.segment.source_port == client.port][-1].segment
    lab.wait(idle_s)
    stamps = last.options.get("timestamps", (0, 0))
    server.drain()
    lab.inject("server", "PSH-ACK", last.next_seq, last.ack, client.port, text=b"late",
               options=segment.timestamps(stamps[0] - 1000, stamps[1]))
    lab.settle()
    return bytes(server.received)


@experiment(questions=[19], rfc="RFC 7323 5.5", zh="连接空闲 24 天之后 PAWS 怎么办？", kernel=False)
def run(lab):
    """A connection was idle for 24 days: does PAWS reject it for ever?"""
    # The kernel's TCP forgets after 2147 s, compiled in (TCP_PAWS_WRAP), for its clock may tick in microseconds.
    limit_s = lab.knob("paws_idle_ms", "server") / 1000
    for side in ("client", "server"):
        lab.write_knob("timestamps", 1, side)  # without them there is no question
    lab.listen()
    before = after(lab, 0.9 * limit_s)
    behind = after(lab, 1.1 * limit_s)
    paws = lab.knob("paws", "server")
    lab.check("an older timestamp, shortly before the limit", b"" if paws else b"late", before)
    lab.check("and behind it", b"late", behind)
    lab.answer(
        f"""A clock of milliseconds is half around after 24.8 days: then "older" and "newer" change places, and all
        that the peer says would look old. So a timestamp that was seen more than {limit_s / DAY_S:g} days ago
        rejects nothing: {0.9 * limit_s / DAY_S:.1f} days after it an older one was dropped, after
        {1.1 * limit_s / DAY_S:.1f} days taken.""",
        f"""毫秒时钟 24.8 天走半圈，那时“旧”与“新”颠倒，对端说什么都像旧的。所以 {limit_s / DAY_S:g} 天以前见到的时间戳不再用来拒绝：
        过 {0.9 * limit_s / DAY_S:.1f} 天，较旧的被丢弃；过 {1.1 * limit_s / DAY_S:.1f} 天则被接受。""")
