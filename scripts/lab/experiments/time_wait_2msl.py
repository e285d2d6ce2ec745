from lab import experiment, shown


def closed(lab, port):
    """A connection from that port that the client has closed."""
    client = lab.socket(port=port)
    client.connect()
    server = lab.accept()
    client.close()
    server.receive_all()
    server.close()
    lab.settle()
    return client


@experiment(questions=[31], rfc="RFC 9293 3.4.2, 3.6.1", zh="MSL 是什么，TIME_WAIT 为什么是 2MSL？")
def run(lab):
    """How long is TIME_WAIT, and what may not happen in it?"""
    lab.set(side="client", tw_reuse=0)
    lab.listen()
    msl = lab.knob("msl_ms") / 1000
    watched, asked_for = closed(lab, 40000), closed(lab, 40001)
    lab.wait(msl)
    halfway = lab.socket(port=asked_for.port).connect()
    lab.wait(1.2 * msl + 5)
    moments = lab.since(watched)
    afterwards = lab.socket(port=watched.port).connect()

    lab.figures.waited = waited = moments["CLOSED"] - moments["TIME_WAIT"]
    lab.figures.halfway = halfway
    lab.check("TIME_WAIT lasts 2 MSL (s)", 2 * msl, waited)
    lab.check("connect() with the same four numbers after one MSL", "EADDRNOTAVAIL", halfway)
    lab.check("and after TIME_WAIT", "", afterwards)
    lab.answer(
        f"""MSL, the longest life of a segment in the network, is {shown(msl)} s here. TIME_WAIT lasts
        {shown(waited)} s: one MSL for the last ACK to arrive or die, one for the FIN that its loss brings again.
        Until then the same four numbers are {halfway}.""",
        f"""MSL 是报文段在网络中的最长寿命，这里是 {shown(msl)} 秒。TIME_WAIT 持续 {shown(waited)} 秒：一个 MSL 等最后的 ACK 到达或消失，另一个 MSL 
        等因它丢失而重发的 FIN。在此之前同一四元组不可用（{halfway}）。""")


def beside(xtcp, kernel):
    early = ("A socket bound to its port takes over a TIME_WAIT with timestamps at any time, "
             "whatever tcp_tw_reuse says.",
             "绑定了端口的套接字随时可以接管带时间戳的 TIME_WAIT，无论 tcp_tw_reuse 为何。")
    en, zh = ("", "") if kernel.halfway else early
    return (f"Its TIME_WAIT of {shown(kernel.waited)} s is compiled in, 60 s and what its timers add; "
            f"xtcp's is 2 x msl_ms, {shown(xtcp.waited)} s. {en}".strip(),
            f"它的 TIME_WAIT 为 {shown(kernel.waited)} 秒，编译时固定的 60 秒加上定时器误差；"
            f"xtcp 为 2 × msl_ms，即 {shown(xtcp.waited)} 秒。{zh}")
