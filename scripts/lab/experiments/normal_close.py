from lab import experiment, shown


@experiment(questions=[1, 24], rfc="RFC 9293 3.6, 3.6.1", zh="四次挥手是怎样一步步关闭连接的？")
def run(lab):
    """How do four segments close a connection?"""
    client, server = lab.pair()
    lab.wait(0.5)
    start = lab.now
    client.close()
    server.receive_all()
    lab.wait(0.1)  # the server still has something to do
    server.close()
    lab.settle()
    msl = lab.knob("msl_ms") / 1000
    lab.wait(2.2 * msl + 1)  # the kernel's TCP takes its time

    close = [t for t in lab.sent() if t.s >= start]
    lab.check("who sends", ["client", "server", "server", "client"], [t.sender for t in close])
    lab.check("a FIN, its ACK, a FIN, its ACK", [True, False, True, False], [t.segment.has("FIN") for t in close])
    lab.check("a FIN takes one number", [1, 1], [close[1].ack - close[0].seq, close[3].ack - close[2].seq])
    closing = ["FIN_WAIT_1", "FIN_WAIT_2", "TIME_WAIT", "CLOSED"]
    lab.check("the client's states", closing, lab.walk(client)[2:])
    lab.check("the server's states", ["CLOSE_WAIT", "LAST_ACK", "CLOSED"], lab.walk(server)[2:])
    moments = lab.since(client)
    waited = moments["CLOSED"] - moments["TIME_WAIT"]
    lab.check("TIME_WAIT lasts 2 MSL (s)", 2 * msl, waited)
    lab.figures.waited = waited
    lab.answer(
        f"""FIN, ACK, FIN, ACK: each direction is ended by its own FIN and acknowledged. Who closes first, the
        client here, goes through FIN_WAIT_1 and FIN_WAIT_2 to TIME_WAIT, {shown(waited)} s of it; the server
        through CLOSE_WAIT and LAST_ACK to CLOSED.""",
        f"""FIN、ACK、FIN、ACK：每个方向各由自己的 FIN 结束并被确认。先关闭的一方（这里是客户端）经 FIN_WAIT_1、FIN_WAIT_2 到 TIME_WAIT，停留 
        {shown(waited)} 秒；服务端经 CLOSE_WAIT、LAST_ACK 到 CLOSED。""")


def beside(xtcp, kernel):
    return (f"Its TIME_WAIT lasts {shown(kernel.waited)} s, compiled in; xtcp's, {shown(xtcp.waited)} s, "
            "is 2 x msl_ms.",
            f"它的 TIME_WAIT 为 {shown(kernel.waited)} 秒，编译时固定；xtcp 的 {shown(xtcp.waited)} 秒等于 2 × msl_ms，可调。")
