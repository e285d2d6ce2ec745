import math

from lab import experiment, shown


@experiment(questions=[29], rfc="RFC 9293 3.6, 3.10.4", zh="对端迟迟不关闭，FIN_WAIT_2 会怎样？")
def run(lab):
    """How long does FIN_WAIT_2 last when the other end never closes?"""
    lab.listen()
    pairs = []
    for _ in range(2):
        client = lab.socket()
        client.connect()
        pairs.append((client, lab.accept()))
    (orphan, server), (kept, _) = pairs
    orphan.close()
    kept.shutdown()
    lab.settle()
    lab.look()
    limit = lab.knob("fin_timeout_ms") / 1000
    lab.wait(limit * 1.2 + 5)
    moments = lab.since(orphan)
    states = lab.walk(orphan)[2:], lab.walk(kept)[2:]
    server.receive_all()
    server.send(b"too late")
    lab.settle()
    text, answers = lab.sent("server", "data")[-1], [t.s for t in lab.sent("client", "RST")]

    lasted = moments["CLOSED"] - moments["FIN_WAIT_2"]
    lab.check("the orphan's states", ["FIN_WAIT_1", "FIN_WAIT_2", "CLOSED"], states[0])
    lab.check("FIN_WAIT_2 lasts (s)", limit, lasted)
    lab.check("where a program only shut down its half", ["FIN_WAIT_1", "FIN_WAIT_2"], states[1])
    lab.check("text afterwards is answered by RST (s)", [text.arrived_s], answers)
    lab.figures.lasted = lasted
    lab.answer(
        f"""Of an orphan, which no process has any more, {shown(lasted)} s: `fin_timeout_ms`. Text that comes then
        is answered by RST. Where the program called shutdown() and still reads, no timer ends it: the other half
        is in use.""",
        f"""无进程拥有的孤儿连接为 {shown(lasted)} 秒，由 fin_timeout_ms 决定；之后到来的数据得到 RST。若程序只是 shutdown() 且仍在读，则没
        有定时器会结束它：另一半还在使用。""")


def beside(xtcp, kernel):
    if math.isnan(kernel.lasted):
        return "", ""  # its end was not seen: what it keeps without a socket is only looked for
    return (f"Its orphan stays {shown(kernel.lasted)} s, by its coarse timers; xtcp's {shown(xtcp.lasted)} s.",
            f"它的孤儿连接停留 {shown(kernel.lasted)} 秒（定时器粒度粗）；xtcp 为 {shown(xtcp.lasted)} 秒。")
