from lab import experiment, shown


@experiment(questions=[1, 3, 10, 14, 45], rfc="RFC 9293 3.5", zh="三次握手是怎样一步步建立连接的？")
def run(lab):
    """How does the three-way handshake open a connection?"""
    client, server = lab.pair()
    client.send(b"question")
    server.receive(8)
    server.send(b"answer")
    client.receive(6)
    lab.settle()

    syn, syn_ack, ack = lab.sent()[:3]
    way = lab.one_way
    flags = [t.segment.flags for t in (syn, syn_ack, ack)]
    lab.check("flags of the first three segments", ["SYN", "SYN-ACK", "ACK"], flags)
    lab.check("sent at (s)", [0.0, way, 2 * way], [t.s for t in (syn, syn_ack, ack)])
    lab.check("SYN-ACK acknowledges the SYN", (syn.segment.seq + 1) % 2**32, syn_ack.segment.ack)
    lab.check("ACK acknowledges the SYN-ACK", (syn_ack.segment.seq + 1) % 2**32, ack.segment.ack)
    lab.check("the SYN takes one number", 1, ack.seq)
    lab.check("no text in any of them", [0, 0, 0], [t.length for t in (syn, syn_ack, ack)])
    lab.check("the client's states", ["SYN_SENT", "ESTABLISHED"], lab.walk("client"))
    lab.check("the server's states", ["SYN_RCVD", "ESTABLISHED"], lab.walk("server"))
    lab.check("ESTABLISHED at the client (s)", 2 * way, lab.since(client)["ESTABLISHED"])
    lab.check("ESTABLISHED at the server (s)", 3 * way, lab.since(server)["ESTABLISHED"])
    lab.answer(
        f"""SYN (number {syn.segment.seq}), SYN-ACK (number {syn_ack.segment.seq}, acknowledges
        {syn_ack.segment.ack}), ACK. The client is ESTABLISHED after {shown(2 * way)} s, a round trip, the server
        after {shown(3 * way)} s: then each knows the other's number, and that the other knows its own. A connection
        is nothing but this state at both ends.""",
        f"""SYN（序号 {syn.segment.seq}）、SYN-ACK（序号 {syn_ack.segment.seq}，确认 {syn_ack.segment.ack}）、ACK。
        客户端在{shown(2 * way)} 秒（一个往返）后进入 ESTABLISHED，服务端在 {shown(3 * way)} 秒后：此时双方都知道对方的序号，也知道对方已知道自己的。
        连接就是两端各自保存的这些状态。""")
