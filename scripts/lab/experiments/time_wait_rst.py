from lab import experiment, shown


def assassin(lab, port, rfc1337):
    """A RST with the right number into a TIME_WAIT: what is left of that after a second."""
    lab.set(side="client", rfc1337=rfc1337)
    client, server = lab.life(port)
    fin = [t for t in lab.sent("server", "FIN") if t.segment.destination_port == port][0].segment
    lab.inject("client", "RST", seq=fin.next_seq, source_port=80, port=port)
    hit = lab.now
    lab.wait(1)
    return client, server, hit


@experiment(questions=[34], rfc="RFC 1337, RFC 9293 3.10.7.4", zh="RST 能终结 TIME_WAIT 吗（RFC 1337）？")
def run(lab):
    """Does a RST end TIME_WAIT?"""
    lab.listen()
    results = {}
    for wanted, port in ((1, 40000), (0, 40001)):
        client, _, hit = assassin(lab, port, wanted)
        on = lab.knob("rfc1337")
        results[wanted] = last = lab.walk(client)[-1]
        lab.check(f"a second after the RST, rfc1337={on}", "TIME_WAIT" if on else "CLOSED", last)
        if not on:
            lab.check("it ended with the RST (s)", hit, lab.since(client)["CLOSED"])
    lab.wait(2.2 * lab.knob("msl_ms") / 1000)
    lab.check("in the end all are gone", 0, len(lab.table("client", "TIME_WAIT")))
    lab.figures.after = results
    lab.answer(
        f"""With rfc1337=1 TIME_WAIT ignores a RST: a second after it, {results[1]}. With 0 the RST ends it at
        once ({results[0]}), which RFC 1337 calls assassination: an old duplicate draws an ACK, that draws a RST,
        and the {shown(2 * lab.knob("msl_ms") / 1000)} s of protection are gone.""",
        f"""rfc1337=1 时 TIME_WAIT 不理会 RST：一秒后仍为 {results[1]}。为 0 时 RST 立即终结它（{results[0]}），RFC 1337 称之为“暗杀”：旧的重复段引出ACK，
        ACK 引出 RST，{shown(2 * lab.knob("msl_ms") / 1000)} 秒的保护就没了。""")


def beside(xtcp, kernel):
    if xtcp.after == kernel.after:
        return ("It does the same by net.ipv4.tcp_rfc1337, whose default is 0, against RFC 1337 3 (a); xtcp's "
                "default is 1.",
                "它由 net.ipv4.tcp_rfc1337 控制，行为相同；但其默认值为 0，不合 RFC 1337 第 3 节 (a)，xtcp 默认为 1。")
    return (f"With 1 and 0 it is left in {kernel.after[1]} and {kernel.after[0]}.",
            f"取 1 和 0 时，它分别停在 {kernel.after[1]} 和 {kernel.after[0]}。")
