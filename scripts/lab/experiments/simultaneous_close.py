from lab import experiment, shown


@experiment(questions=[37], rfc="RFC 9293 3.6, figure 13", zh="双方同时关闭会怎样？")
def run(lab):
    """What happens when both ends close at once?"""
    client, server = lab.pair()
    lab.wait(0.5)
    start = lab.now
    client.close()
    server.close()
    msl = lab.knob("msl_ms") / 1000
    lab.wait(2.2 * msl + 5)

    close = [t for t in lab.sent() if t.s >= start]
    states = ["FIN_WAIT_1", "CLOSING", "TIME_WAIT", "CLOSED"]
    lab.check("FINs cross, then ACKs", [True, True, False, False], [t.segment.has("FIN") for t in close])
    lab.check("the client's states", states, lab.walk(client)[2:])
    lab.check("the server's states", states, lab.walk(server)[2:])
    since = [lab.since(client), lab.since(server)]
    begun = [s["TIME_WAIT"] for s in since]
    lab.check("TIME_WAIT begins at both ends after a round trip (s)", [start + 2 * lab.one_way] * 2, begun)
    waited = [s["CLOSED"] - s["TIME_WAIT"] for s in since]
    lab.check("and lasts 2 MSL (s)", [2 * msl] * 2, waited)
    lab.answer(
        f"""The FINs cross: each end, waiting for the ACK of its own, gets a FIN and goes to CLOSING, then with that
        ACK to TIME_WAIT. Four segments in {shown(2 * lab.one_way)} s, and TIME_WAIT at both ends,
        {shown(waited[0])} s.""",
        f"""两个 FIN 交错：双方在等自己 FIN 的确认时收到对方的 FIN，进入 CLOSING，收到确认后进入 TIME_WAIT。{shown(2 * lab.one_way)} 秒内四个报文段，两端都有 
        TIME_WAIT，{shown(waited[0])} 秒。""")
