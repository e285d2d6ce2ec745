from lab import experiment, shown

LOST = 3


@experiment(questions=[9, 42], rfc="RFC 6298 2, 5", zh="数据丢失后何时由定时器重传？", plot=True)
def run(lab):
    """When does the timer repeat text that is lost?"""
    client, server = lab.pair()
    lab.wait(0.5)
    lab.lose("data", sender="client", times=LOST)
    lab.watch(client)
    start = lab.now
    client.send(b"x" * 100)
    received = server.receive(100)
    lab.settle()

    data = lab.sent("client", "data")
    rto_ms = max(lab.knob("rto_min_ms"), 2000 * lab.one_way * 3)  # SRTT + 4 RTTVAR of one measurement
    times, _ = lab.schedule("retries2", first_ms=rto_ms)
    lab.check("sent after (s)", times[:LOST + 1], [t.s - start for t in data])
    lab.check("octets delivered", 100, len(received))
    lab.figures.times = [t.s - start for t in data]
    lab.answer(
        f"""After the retransmission timeout: the round trip was {shown(2 * lab.one_way)} s, SRTT + 4 RTTVAR is
        {shown(2 * lab.one_way * 3)} s, and the floor rto_min_ms makes it {shown(rto_ms / 1000)} s. It doubles each
        time: sent again after {shown(*lab.figures.times[1:])} s.""",
        f"""在重传超时之后：往返时间 {shown(2 * lab.one_way)} 秒，SRTT + 4 RTTVAR 为 {shown(2 * lab.one_way * 3)} 秒，下限 rto_min_ms
        使它成为{shown(rto_ms / 1000)} 秒。每次加倍：在 {shown(*lab.figures.times[1:])} 秒时重传。""")


def beside(xtcp, kernel):
    return (f"It repeats after {shown(*kernel.times[1:])} s, xtcp after {shown(*xtcp.times[1:])} s: RFC 6298 "
            "2.4 wants the floor under the sum, not under its second part; a tail loss probe (RFC 8985) may be first.",
            f"它在 {shown(*kernel.times[1:])} 秒重传，xtcp 在 {shown(*xtcp.times[1:])} 秒：RFC 6298 2.4 的下限针对总和，"
            "而不是后一项；尾部丢失探测（RFC 8985）也可能先到。")
