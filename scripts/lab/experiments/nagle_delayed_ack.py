import socket

from lab import experiment, shown

TCP_NODELAY = 1


def exchange(lab, client, server):
    """A question in two writes, and its answer: (seconds it took, when its second part went out)."""
    start = lab.now
    client.send(b"head")
    client.send(b"body")
    server.receive(8)
    server.send(b"answer")
    client.receive(6)
    parts = [t.s - start for t in lab.sent("client", "data") if t.s >= start]
    return lab.now - start, parts[-1]


@experiment(questions=[43, 46], rfc="RFC 9293 3.7.4, 3.8.6.3, RFC 1122 4.2.3.2", zh="Nagle 算法和延迟确认在一起会怎样？")
def run(lab):
    """What do Nagle's algorithm and delayed ACKs do together?"""
    client, server = lab.pair()
    for _ in range(20):  # the first ACKs are quick; then who answers at once lets them wait for the answer
        client.send(b"question")
        server.receive(8)
        server.send(b"answer")
        client.receive(6)
    server.option(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 8)  # it reads when both parts are there
    lab.wait(0.1)
    slow, held = exchange(lab, client, server)
    lab.wait(0.1)
    client.option(6, TCP_NODELAY, 1)
    fast, _ = exchange(lab, client, server)

    delay, rtt = lab.knob("delack_ms", "server") / 1000, 2 * lab.one_way
    lab.check("Nagle: the second part waits for the first's ACK, which waits too (s)", rtt + delay, held)
    lab.check("the answer takes (s)", 2 * rtt + delay, slow)
    lab.check("with TCP_NODELAY (s)", rtt, fast)
    lab.figures.slow, lab.figures.fast = slow, fast
    lab.answer(
        f"""They wait for each other: Nagle's algorithm keeps the second small write until the first is
        acknowledged, and the receiver delays that ACK by {shown(delay)} s, hoping for an answer to carry it. The
        exchange takes {shown(slow)} s instead of the {shown(fast)} s that it takes with TCP_NODELAY; one write
        instead of two does as well.""",
        f"""它们互相等待：Nagle 算法把第二个小写入留到第一个被确认，而接收方把这个 ACK 推迟 {shown(delay)} 秒，希望搭应答的便车。一次交互要 {shown(slow)} 秒，设TCP_NODELAY
        只要 {shown(fast)} 秒；把两次写合成一次也行。""")


def beside(xtcp, kernel):
    return (f"There it takes {shown(kernel.slow)} and {shown(kernel.fast)} s, with xtcp {shown(xtcp.slow)} and "
            f"{shown(xtcp.fast)} s: its delay is compiled in and adapts; xtcp's is delack_ms.",
            f"在它那里分别要 {shown(kernel.slow)} 和 {shown(kernel.fast)} 秒，xtcp 为 {shown(xtcp.slow)} 和 {shown(xtcp.fast)} "
            "秒：它的延迟是编译时固定并自适应的，xtcp 的是 delack_ms。")
