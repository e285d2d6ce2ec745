from lab import experiment, shown


def attempt(lab, port):
    """Another connection between the same four numbers: its error."""
    sock = lab.socket(port=port)
    error = sock.connect()
    return error, sock


@experiment(questions=[31], rfc="RFC 9293 3.4.2, 3.6.1", zh="MSL 是什么，TIME_WAIT 为什么是 2MSL？")
def run(lab):
    """How long is TIME_WAIT, and what may not happen in it?"""
    lab.set(side="client", tw_reuse=0)
    lab.listen()
    client, msl = lab.socket(port=40000), lab.knob("msl_ms") / 1000
    client.connect()
    server = lab.accept()
    client.close()
    server.receive_all()
    server.close()
    lab.settle()
    begun = dict(map(reversed, lab.state_times("client", client))).get("TIME_WAIT", 0)
    lab.wait(msl)
    halfway, _ = attempt(lab, 40000)
    lab.wait(begun + 2.2 * msl + 5 - lab.now)
    moments = lab.state_times("client", client)
    afterwards, _ = attempt(lab, 40000)

    ended = dict(map(reversed, moments)).get("CLOSED", 0)
    lab.check("TIME_WAIT lasts 2 MSL (s)", 2 * msl, ended - begun)
    lab.check("the same four numbers after one MSL", "EADDRNOTAVAIL", halfway)
    lab.check("and afterwards", "", afterwards)
    lab.figures.waited = ended - begun
    lab.answer(
        f"""MSL, the longest life of a segment in the network, is {shown(msl)} s here. TIME_WAIT lasts {shown(lab.figures.waited)} s: one MSL for
        the last ACK to arrive or die, one for the FIN that its loss brings again. Until then the same four numbers are {halfway}.""",
        f"""MSL 是报文段在网络中的最长寿命，这里是 {shown(msl)} 秒。TIME_WAIT 持续 {shown(lab.figures.waited)} 秒：一个 MSL 等最后的 ACK 到达或消失，
另一个 MSL 等因它丢失而重发的 FIN。在此之前同一四元组不可用（{halfway}）。""")


def beside(xtcp, kernel):
    return (f"Its TIME_WAIT of {shown(kernel.waited)} s is compiled in, 60 s plus what its timer wheel adds; xtcp's is 2 x msl_ms, "
            f"{shown(xtcp.waited)} s.",
            f"它的 TIME_WAIT 为 {shown(kernel.waited)} 秒，编译时固定的 60 秒加上定时轮的误差；xtcp 为 2 × msl_ms，即 {shown(xtcp.waited)} 秒。")
