from lab import experiment, shown


@experiment(questions=[28], rfc="RFC 9293 3.8.3, 3.10.7.4", zh="第二次挥手的 ACK 丢失会怎样？")
def run(lab):
    """What happens when the ACK of the first FIN is lost?"""
    client, server = lab.pair()
    lab.wait(0.5)
    lab.lose("ACK", sender="server", times=1)
    start = lab.now
    client.close()
    server.receive_all()
    lab.wait(5)

    fins, acks = lab.sent("client", "FIN"), [t for t in lab.sent("server", "ACK") if t.s > start]
    rto = max(lab.knob("rto_min_ms") / 1000, 2 * lab.one_way * 3)
    lab.check("FINs go out after (s)", [0.0, rto], [fin.s - start for fin in fins])
    lab.check("with the same number", 1, len({fin.seq for fin in fins}))
    lab.check("each is acknowledged when it arrives (s)", [fin.arrived_s for fin in fins], [ack.s for ack in acks])
    states = lab.since(client)
    lab.check("FIN_WAIT_2 begins with the second ACK (s)", acks[-1].arrived_s, states["FIN_WAIT_2"])
    lab.figures.again = fins[1].s - fins[0].s
    lab.answer(
        f"""An ACK is not repeated by itself; the FIN is, after {shown(fins[1].s - fins[0].s)} s, and acknowledged
        again. Until then the client is in FIN_WAIT_1, until {shown(acks[-1].arrived_s - start)} s after its
        close().""",
        f"""ACK 本身不会重发；FIN 会，{shown(fins[1].s - fins[0].s)} 秒后重发并再次被确认。在此之前客户端停在 FIN_WAIT_1，直到 close() 之后 
        {shown(acks[-1].arrived_s - start)} 秒。""")


def beside(xtcp, kernel):
    return (f"It repeats the FIN after {shown(kernel.again)} s, xtcp after {shown(xtcp.again)} s: RFC 6298 2.4 "
            f"wants the "
            "floor under SRTT + 4 RTTVAR; the kernel's lies under 4 RTTVAR alone.",
            f"它在 {shown(kernel.again)} 秒后重发 FIN，xtcp 为 {shown(xtcp.again)} 秒：RFC 6298 2.4 的下限针对 SRTT + 4 RTTVAR 之和，"
            "内核的下限只针对 4 RTTVAR。")
