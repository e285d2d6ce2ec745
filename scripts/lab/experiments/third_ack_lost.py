from lab import experiment, shown


@experiment(questions=[22], rfc="RFC 9293 3.8.3, 3.10.7.4", zh="第三次握手的报文段丢失会怎样？")
def run(lab):
    """What happens when the third segment of the handshake is lost?"""
    lab.lose("ACK", sender="client", times=1)
    lab.listen()
    client = lab.socket()
    client.connect()
    server = lab.accept()
    lab.settle()

    times, _ = lab.schedule("synack_retries", "synack_linear_timeouts", side="server")
    syn_acks, acks = lab.sent("server", "SYN-ACK"), lab.sent("client", "ACK")
    lab.check("SYN-ACKs go out at (s)", [s + lab.one_way for s in times[:2]], [t.s for t in syn_acks])
    lab.check("ACKs are answers, none is sent by a timer (s)", [t.arrived_s for t in syn_acks], [t.s for t in acks])
    lab.check("the client is ESTABLISHED at (s)", 2 * lab.one_way, client.returned_s)
    lab.check("the server at (s)", acks[-1].arrived_s, lab.since(server)["ESTABLISHED"])
    lab.figures.again = syn_acks[-1].s - syn_acks[0].s
    lab.answer(
        f"""The client is ESTABLISHED all the same; the server is not, and repeats its SYN-ACK after
        {shown(lab.figures.again)} s. That is answered by an ACK, and the server is ESTABLISHED at
        {shown(acks[-1].arrived_s)} s. An ACK alone is never repeated by a timer.""",
        f"""客户端照样进入 ESTABLISHED；服务端没有，它在 {shown(lab.figures.again)} 秒后重发 SYN-ACK，客户端再回一个 ACK，
        服务端于{shown(acks[-1].arrived_s)} 秒进入 ESTABLISHED。纯 ACK 从不由定时器重发。""")


def beside(xtcp, kernel):
    late_ms = (kernel.again - xtcp.again) * 1000
    return (f"Its SYN-ACK comes again after {shown(kernel.again)} s, {late_ms:.0f} ms later than xtcp's: the "
            f"timeout of "
            "1 s (RFC 6298 2.1) is compiled in, and its timer wheel rounds it up.",
            f"它的 SYN-ACK 在 {shown(kernel.again)} 秒后重发，比 xtcp 晚 {late_ms:.0f} 毫秒：1 秒的超时（RFC 6298 2.1）编译时固定，"
            "定时轮又向上取整。")
