from lab import experiment, shown

PAUSE_S, OCTETS = 60, 1000000


@experiment(questions=[9, 43], rfc="RFC 9293 3.8.6.1, 3.8.6.2, RFC 6298 5.5", zh="接收窗口为零时会怎样？", plot=True)
def run(lab):
    """What happens while the receiver's window is zero?"""
    client, server = lab.pair()
    lab.watch(client)
    client.pour(b"x" * OCTETS)
    lab.wait(PAUSE_S)  # the server's program does not read
    probes_until = lab.now
    server.drain()
    done = lab.until(lambda: len(server.received) == OCTETS)
    lab.settle()

    closed = next(t for t in lab.sent("server") if t.segment.window == 0 and not t.segment.has("SYN"))
    sent = lab.sent("client")
    probes = [t for t in sent if closed.arrived_s < t.s < probes_until]
    answers = [t for t in lab.sent("server") if closed.s < t.s < probes_until and t.segment.window == 0]
    opened = next(t for t in lab.sent("server") if t.s >= probes_until and t.segment.window)
    rto_ms = max(lab.knob("rto_min_ms"), 6000 * lab.one_way)
    waits = [b - a for a, b in zip([closed.arrived_s] + [p.s for p in probes], [p.s for p in probes])]
    expected = [min(rto_ms * 2**n, lab.knob("rto_max_ms")) / 1000 for n in range(len(waits))]
    total = closed.arrived_s + sum(expected)
    following = min(rto_ms * 2**len(waits), lab.knob("rto_max_ms")) / 1000
    lab.check("waits before the probes double from the timeout (s)", expected, waits)
    lab.true("and none is missing", total < probes_until <= total + following, total)
    due = []  # answers, not more often than the knob allows
    for probe in probes:
        if not due or probe.arrived_s - due[-1] >= lab.knob("invalid_ratelimit_ms", "server") / 1000:
            due.append(probe.arrived_s)
    lab.check("answered with window 0 (s)", due, [t.s for t in answers if t.s > probes[0].s], tolerance=0.002)
    resumed = next(t for t in sent if t.s >= opened.arrived_s and t.length)
    lab.check("text goes on when the window opens (s)", opened.arrived_s, resumed.s)
    lab.check("all is delivered in the end", [True, OCTETS], [done, len(server.received)])
    lab.figures.waits = waits
    lab.answer(
        f"""The sender stops and asks by probes, after {shown(*waits)} s, for an ACK that opens the window may be
        lost and is never repeated. Answers come with window 0; none of the {len(probes)} counts towards giving
        up. When the program reads, the window opens and text goes on at {shown(resumed.s)} s.""",
        f"""发送方停下，每隔 {shown(*waits)} 秒发探测段，因为打开窗口的 ACK 可能丢失且从不重发。应答的窗口仍为 0；这 {len(probes)}个都不会导致放弃。程序开始读取后窗口打开，数据在
        {shown(resumed.s)} 秒继续。""")


def beside(xtcp, kernel):
    return (f"It probes after {shown(*kernel.waits)} s, xtcp after {shown(*xtcp.waits)} s; RFC 9293 3.8.6.1 "
            f"wants the "
            "first after a timeout and the others ever later.",
            f"它每隔 {shown(*kernel.waits)} 秒探测，xtcp 为 {shown(*xtcp.waits)} 秒；RFC 9293 3.8.6.1 要求首次在一个重传超时之后，此后间隔递增。")
