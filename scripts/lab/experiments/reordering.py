from lab import experiment

FEW, LITTLE_MS, LONG_MS = 2, 1, 15  # segments that overtake at first; how late, as the round trip is 20 ms


def flight(lab, client, server, behind, late_ms):
    """A flight in which one segment is overtaken by so many: (sent again, duplicate ACKs, whether delivered right)."""
    count, mss = lab.knob("initial_cwnd"), client.info()["snd_mss"]
    text = bytes(n % 251 for n in range(count * mss))
    start = lab.now
    rule = lab.delay("data", late_ms, sender="client", times=1, skip=count - 1 - behind)
    client.send(text)
    received = server.receive(len(text))
    lab.wait(1)
    lab.forget(rule)
    data = [t for t in lab.sent("client", "data") if t.s >= start]
    acks = [t.ack for t in lab.sent("server", "ACK") if t.s >= start]
    return len(data) - len({t.seq for t in data}), len(acks) - len(set(acks)), received == text


@experiment(questions=[9], rfc="RFC 9293 3.4, RFC 5681 3.2, RFC 2883", zh="报文段乱序到达会怎样？", plot=True)
def run(lab):
    """What happens when segments arrive out of order?"""
    client, server = lab.pair()
    lab.wait(0.5)
    lab.watch(client)
    many = lab.knob("initial_cwnd") - 2
    few_again, few_acks, few_right = flight(lab, client, server, FEW, LITTLE_MS)
    many_again, _, many_right = flight(lab, client, server, many, LONG_MS)

    needed = lab.knob("reordering")
    lab.check("delivered in order, each octet once", [True, True], [few_right, many_right])
    lab.check(f"sent again when {FEW} overtake", int(FEW >= needed), few_again)
    lab.check(f"sent again when {many} overtake, for longer", int(many >= needed), many_again)
    lab.figures.many = many_again
    lab.answer(
        f"""The numbers put them in order: both programs read every octet once. When {FEW} segments overtake one,
        {few_acks} duplicate ACKs are not enough to take it for lost, and {few_again} are sent again; when {many}
        do, {LONG_MS} ms long, {many_again} is sent again in vain: reordering cannot be told from loss in time.""",
        f"""序号让它们恢复顺序：程序每个字节恰好读到一次。{FEW} 个报文段超过它时，{few_acks} 个重复 ACK 不足以判定丢失，重传 {few_again} 个；{many} 个超过、且早到 {LONG_MS}
        毫秒时，白白重传 {many_again} 个：乱序与丢失来不及区分。""")


def beside(xtcp, kernel):
    if xtcp.many == kernel.many:
        return "", ""
    return (f"Of the second flight it sends {kernel.many} again, xtcp {xtcp.many}: after the first it has "
            f"learned that "
            "this path reorders (RFC 8985 3.3.1 allows both).",
            f"第二批中它重传 {kernel.many} 个，xtcp {xtcp.many} 个：它从第一批学到这条路径会乱序（RFC 8985 3.3.1 两者都允许）。")
