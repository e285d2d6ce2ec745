from lab import experiment, shown


@experiment(questions=[27], rfc="RFC 9293 3.8.3, RFC 6298 5", zh="第一次挥手的 FIN 丢失会怎样？")
def run(lab):
    """What happens when the first FIN is lost?"""
    client, _ = lab.pair()
    lab.wait(0.5)
    lab.lose("FIN", sender="client")
    start = lab.now
    client.close()
    lab.wait(600)

    fins = lab.sent("client", "FIN")
    rto = max(lab.knob("rto_min_ms") / 1000, 2 * lab.one_way * 3)  # SRTT + 4 RTTVAR of one measurement
    times, end = lab.schedule("orphan_retries", first_ms=rto * 1000)
    ended = lab.since(client)["CLOSED"]
    lab.check("FINs go out after (s)", times, [fin.s - start for fin in fins])
    lab.check("the orphan is given up after (s)", end, ended - start)
    lab.check("and CLOSED", ["FIN_WAIT_1", "CLOSED"], lab.walk(client)[2:])
    lab.figures.times, lab.figures.end = [fin.s - start for fin in fins], ended - start
    lab.answer(
        f"""It comes again after {shown(rto)} s, the retransmission timeout, and then with doubled waits,
        {len(fins) - 1} times: no process owns the connection any more, so `orphan_retries` bounds it. After
        {shown(end)} s it is CLOSED.""",
        f"""它在一个重传超时（{shown(rto)} 秒）后重发，之后间隔加倍，共重发 {len(fins) - 1} 次：连接已无进程拥有，由 orphan_retries 限制。{shown(end)} 秒后进入 
        CLOSED。""")


def beside(xtcp, kernel):
    return (f"It sends {len(kernel.times)} FINs, the first again after {shown(kernel.times[1])} s (xtcp "
            f"{shown(xtcp.times[1])} s), and gives up after {shown(kernel.end)} s: its timeout is "
            "SRTT + max(4 RTTVAR, floor), while RFC 6298 2.4 rounds the sum up to the floor.",
            f"它发 {len(kernel.times)} 个 FIN，首次重发在 {shown(kernel.times[1])} 秒（xtcp {shown(xtcp.times[1])} 秒），"
            f"{shown(kernel.end)} 秒后放弃：它的超时是 SRTT + max(4 RTTVAR, 下限)，而 RFC 6298 2.4 是对总和取下限。")
