import socket

from lab import experiment

OCTETS, LOST = 600000, 150  # one segment of them


def flights(lab, data):
    """Segments sent in each of the first round trips."""
    rtt, start = 2 * lab.one_way, data[0].s
    return [sum(start + (n - 0.5) * rtt <= t.s < start + (n + 0.5) * rtt for t in data) for n in range(4)]


@experiment(questions=[9, 44], rfc="RFC 5681 3.1, 3.2, RFC 6928, RFC 9438", zh="慢启动和拥塞避免是怎样的？一次丢失之后 cwnd 怎样变化？",
            plot=True, delay_ms=50)
def run(lab):
    """How does cwnd grow, and what does one loss do to it?"""
    lab.set(wmem_default=1 << 20, rmem_default=1 << 20)  # so that nothing but cwnd limits it
    client, server = lab.pair()
    name = client.raw.getsockopt(6, socket.TCP_CONGESTION, 16).split(b"\0")[0].decode()
    lab.wait(0.5)
    lab.lose("data", sender="client", times=1, skip=LOST)
    lab.watch(client)
    server.drain()
    client.pour(b"x" * OCTETS)
    lab.until(lambda: len(server.received) == OCTETS)
    lab.settle()

    data, points = lab.sent("client", "data"), [(s, p) for s, p in lab.series(client) if "cwnd" in p]
    first = lab.knob("initial_cwnd")
    before, after = next((a, b) for (_, a), (_, b) in zip(points, points[1:]) if b["ssthresh"] < a["ssthresh"])
    seen, after = before["cwnd"], after["ssthresh"]
    beta = {"reno": 0.5, "cubic": 0.7}[name]
    lab.check("segments of the first round trips, doubled", [first << n for n in range(3)], flights(lab, data)[:3])
    lab.check(f"ssthresh after one loss: {beta:g} of cwnd", beta * seen, float(after), tolerance=0.02 * seen)
    lab.check("octets delivered", OCTETS, len(server.received))
    lab.figures.name, lab.figures.after, lab.figures.seen = name, after, seen
    lab.answer(
        f"""It begins with {first} segments and doubles each round trip
        ({", ".join(map(str, flights(lab, data)[:3]))}), which is slow start. One loss, with cwnd at {seen}, makes
        ssthresh {after} segments ({name}: {beta:g} of it); from there cwnd grows by about a segment a round trip.""",
        f"""它从 {first} 个报文段开始，每个往返加倍（{"、".join(map(str, flights(lab, data)[:3]))}），这就是慢启动。cwnd 为 {seen} 时丢失一个报文段，
        ssthresh 变为 {after}（{name}：它的 {beta:g} 倍），此后 cwnd 每个往返约增加一个报文段。""")


def beside(xtcp, kernel):
    return (f"It uses {kernel.name}: ssthresh {kernel.after} after a cwnd of {kernel.seen}; xtcp uses "
            f"{xtcp.name}: {xtcp.after} after {xtcp.seen}.",
            f"它用 {kernel.name}，cwnd {kernel.seen} 之后 ssthresh 为 {kernel.after}；xtcp 用 {xtcp.name}，"
            f"{xtcp.seen} 之后为 {xtcp.after}。")
