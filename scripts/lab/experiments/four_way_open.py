from lab import experiment, shown


@experiment(questions=[11, 15], rfc="RFC 9293 3.5", zh="为什么把 SYN 和 ACK 合在一个报文段里，而不用四次？", kernel=False)
def run(lab):
    """Why do SYN and ACK share a segment, and are not four used?"""
    lab.set(side="server", handshake_ways=4)
    client, server = lab.pair()
    client.send(b"question")
    received = server.receive(8)
    lab.settle()

    opening = lab.sent()[:5]
    lab.check("who sends", ["client", "server", "server", "client"], [t.sender for t in opening[:4]])
    lab.check("flags", ["SYN", "ACK", "SYN", "ACK"], [t.segment.flags for t in opening[:4]])
    lab.check("the client is connected after (s)", 2 * lab.one_way, client.returned_s)
    lab.check("the server reads", b"question", received)
    lab.check("the server's states end in", "ESTABLISHED", lab.walk(server)[-1])
    lab.answer(
        f"""The server sent ACK and SYN apart: {len(opening[:4])} segments instead of three, and the client was
        connected after {shown(client.returned_s)} s, a round trip, no sooner. Both say their number and have it
        acknowledged either way: the fourth segment gains nothing.""",
        f"""服务端把 ACK 和 SYN 分开发：共 {len(opening[:4])} 个报文段而不是三个，客户端仍在 {shown(client.returned_s)} 秒（一个往返）后才连上。
        两种做法都让双方告知并确认了序号，第四个报文段毫无收益。""")
