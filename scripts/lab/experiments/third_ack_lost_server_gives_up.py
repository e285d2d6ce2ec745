from lab import experiment, shown


@experiment(questions=[22], rfc="RFC 9293 3.8.3, 3.5.2", zh="第三次握手一直丢失，服务端放弃后会怎样？")
def run(lab):
    """What happens when every third segment is lost until the server gives up?"""
    rule = lab.lose("ACK", sender="client")
    lab.listen()
    client = lab.socket()
    client.connect()
    times, gone = lab.schedule("synack_retries", "synack_linear_timeouts", side="server")
    lab.wait(gone * 1.1 + 1)  # the kernel's TCP takes its time
    lab.forget(rule)
    asked = lab.now
    client.send(b"is anybody there?")
    client.receive(1)

    syn_acks, rst = lab.sent("server", "SYN-ACK"), lab.sent("server", "RST")[0]
    lab.check("SYN-ACKs go out at (s)", [s + lab.one_way for s in times], [t.s for t in syn_acks])
    answers = [0.0]  # by the handshake; to repeated SYN-ACKs not more often than the knob allows (RFC 5961 7)
    for s in times[1:]:
        if len(answers) == 1 or s - answers[-1] >= lab.knob("invalid_ratelimit_ms") / 1000:
            answers.append(s)
    lab.check("ACKs answer them (s)", [s + 2 * lab.one_way for s in answers], [t.s for t in lab.sent("client", "ACK")])
    lab.check("the server's states", ["SYN_RCVD", "CLOSED"], lab.walk("server"))
    lab.check("the half-open connection ends at (s)", gone + lab.one_way, lab.state_times("server")[-1][0])
    lab.check("text is answered by RST, with the number it acknowledges", lab.sent("client", "data")[0].ack, rst.seq)
    lab.check("after a one-way time (s)", asked + lab.one_way, rst.s)
    lab.check("the client's program gets", "ECONNRESET", client.error)
    lab.figures.end = lab.state_times("server")[-1][0]
    lab.answer(
        f"""The server sends its SYN-ACK {len(syn_acks)} times and gives up after {shown(gone)} s; the client has
        been ESTABLISHED since {shown(2 * lab.one_way)} s and notices nothing. When it then sends text, the server
        answers RST: {client.error}.""",
        f"""服务端共发 {len(syn_acks)} 次 SYN-ACK，{shown(gone)} 秒后放弃；客户端自 {shown(2 * lab.one_way)} 秒起一直是 ESTABLISHED，毫无察觉。
        之后它一发数据，服务端就回 RST：{client.error}。""")


def beside(xtcp, kernel):
    return (f"Its half-open connection ends after {shown(kernel.end)} s, xtcp's after {shown(xtcp.end)} s: each of its "
            "waits is rounded up by a coarse timer wheel, where RFC 6298 5.5 doubles exactly.",
            f"它的半连接在 {shown(kernel.end)} 秒后结束，xtcp 为 {shown(xtcp.end)} 秒：它的每次等待都被粗粒度的定时轮向上取整，"
            "而 RFC 6298 5.5 是精确加倍。")
