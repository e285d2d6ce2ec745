from lab import experiment, shown


@experiment(questions=[36], rfc="RFC 9293 3.8.3, RFC 6298 5, RFC 1122 4.2.3.5", zh="数据在途时对端主机断电会怎样？")
def run(lab):
    """What happens when the peer's host dies while text is under way?"""
    client, _ = lab.pair()
    lab.wait(0.5)
    lab.lose("any")
    start = lab.now
    client.send(b"x" * 100)
    client.receive(1, limit=10**6)
    noticed = lab.now - start

    rto_ms = max(lab.knob("rto_min_ms"), 6000 * lab.one_way)  # SRTT + 4 RTTVAR of one measurement
    times, end = lab.schedule("retries2", first_ms=rto_ms)
    data = lab.sent("client", "data")
    lab.check("sent after (s)", times, [t.s - start for t in data])
    lab.check("given up after (s)", end, noticed)
    lab.check("with", "ETIMEDOUT", client.error)
    lab.figures.first, lab.figures.end, lab.figures.count = data[1].s - start, noticed, len(data) - 1
    lab.answer(
        f"""The text is repeated {len(data) - 1} times, first after {shown(times[1])} s, then with doubled waits
        of at most {shown(lab.knob("rto_max_ms") / 1000)} s; after {shown(noticed)} s, {noticed / 60:.1f} minutes,
        the program gets {client.error}. retries2={lab.knob("retries2")} decides; RFC 9293 wants at least 100 s.""",
        f"""数据重传 {len(data) - 1} 次，第一次在 {shown(times[1])} 秒，之后间隔加倍，最多 {shown(lab.knob("rto_max_ms") / 1000)} 秒；
        {shown(noticed)} 秒（{noticed / 60:.1f} 分钟）后程序得到 {client.error}。由 retries2={lab.knob("retries2")} 决定；RFC9293
        要求不少于 100 秒。""")


def beside(xtcp, kernel):
    return (f"It repeats first after {shown(kernel.first)} s, {kernel.count} times in all, and gives up after "
            f"{shown(kernel.end)} s (xtcp {shown(xtcp.first)} s, {xtcp.count}, {shown(xtcp.end)} s): a tail "
            f"loss probe "
            "(RFC 8985 7) may be first, its floor lies under RTTVAR alone against RFC 6298 2.4, and retries2 is "
            f"taken as "
            "a time that it computes.",
            f"它首次重传在 {shown(kernel.first)} 秒，共 {kernel.count} 次，{shown(kernel.end)} 秒后放弃（xtcp "
            f"为 {shown(xtcp.first)} 秒、"
            f"{xtcp.count} 次、{shown(xtcp.end)} 秒）：可能先有尾部丢失探测（RFC 8985 7），它的下限只加在 RTTVAR 上，不合 RFC 6298 "
            "2.4，且 retries2 被换算成时间。")
