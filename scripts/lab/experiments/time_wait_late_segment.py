from lab import experiment, shown

LATE_MS = 5000


@experiment(questions=[32], rfc="RFC 9293 3.6.1, 3.10.7.4", zh="为什么需要 TIME_WAIT？迟到的旧报文段会怎样？")
def run(lab):
    """Why TIME_WAIT: what becomes of a segment that is late?"""
    lab.duplicate("data", LATE_MS, sender="server", times=1)
    client, server = lab.pair()
    server.send(b"old text")
    client.receive(8)
    client.close()
    server.receive_all()
    server.close()
    lab.settle()
    lab.wait(0.5)

    text, = lab.sent("server", "data")
    late_s = lab.seconds(text.arrivals_ns[1])
    answers = [t for t in lab.sent("client") if t.s >= late_s]
    moments, msl = lab.since(client), lab.knob("msl_ms") / 1000
    waiting = moments["TIME_WAIT"] < late_s < moments["TIME_WAIT"] + 2 * msl
    lab.check("the copy arrives so much later (s)", LATE_MS / 1000, late_s - text.arrived_s)
    if waiting:
        fin, = lab.sent("client", "FIN")
        lab.check("it is answered", ["ACK"], [t.segment.flags for t in answers])
        lab.check("with the numbers behind both FINs", [[fin.seq + 1, 10]], [[t.seq, t.ack] for t in answers])
        # The server is CLOSED and answers that ACK by RST: RFC 1337's assassination.
        left = "TIME_WAIT" if lab.knob("rfc1337") else "CLOSED"
        lab.check("TIME_WAIT afterwards", left, lab.walk(client)[-1])
        lab.figures.left, lab.figures.rfc1337 = lab.walk(client)[-1], lab.knob("rfc1337")
    else:
        lab.check("TIME_WAIT is over: it is answered", ["RST"], [t.segment.flags for t in answers])
    said = answers[0].segment.flags
    lab.answer(
        f"""A copy of old text came {shown(late_s - text.arrived_s)} s late. {"In" if waiting else "After"}
        TIME_WAIT its numbers are behind what is acknowledged: it is answered by {said}, and no program reads it.
        TIME_WAIT is where such segments die, before the same four numbers begin another life.""",
        f"""一份旧数据的副本迟到了 {shown(late_s - text.arrived_s)} 秒。在 TIME_WAIT {"中" if waiting else "之后"}，它的序号早已确认过：只得到一个
        {said}，没有程序会读到它。迟到的报文段就在 TIME_WAIT 中消亡，然后同一四元组才会开始新的连接。""")


def beside(xtcp, kernel):
    if vars(xtcp) == vars(kernel):
        return "", ""
    return (f"The ACK draws a RST from the server, which is CLOSED; the kernel's TIME_WAIT is {kernel.left} by it "
            f"(tcp_rfc1337={kernel.rfc1337}), xtcp's is {xtcp.left} (rfc1337={xtcp.rfc1337}). RFC 1337 3 (a) wants "
            "the RST ignored.",
            f"这个 ACK 让已 CLOSED 的服务端回 RST；内核的 TIME_WAIT 因此变为 {kernel.left}（tcp_rfc1337={kernel.rfc1337}），"
            f"xtcp 的为 {xtcp.left}（rfc1337={xtcp.rfc1337}）。RFC 1337 第 3 节 (a) 要求忽略该 RST。")
