from lab import experiment, shown


def reboot(lab, sock):
    """Its host forgets the connection and no segment says so."""
    off = lab.lose("any")
    sock.abort()
    lab.settle()
    lab.forget(off)
    lab.note(sock.side, "rebooted")


@experiment(questions=[35], rfc="RFC 9293 3.5.1, 3.5.2, RFC 5961 4", zh="客户端主机重启后，旧连接会怎样？")
def run(lab):
    """What becomes of a connection whose client's host has rebooted?"""
    lab.listen()
    pairs = []
    for port in (40000, 40001):
        client = lab.socket(port=port)
        client.connect()
        pairs.append((client, lab.accept()))
    for client, _ in pairs:
        reboot(lab, client)
    (_, server), (_, other) = pairs
    asked = lab.now
    server.send(b"are you there?")
    server.receive(1)
    noticed = lab.now
    text, rst = lab.sent("server", "data")[-1], lab.sent("client", "RST")[-1]

    again = lab.socket(port=40001)
    began = lab.now
    error = again.connect()
    new = [t for t in lab.sent() if t.s >= began]
    lab.check("text is answered by RST", "RST", rst.segment.flags)
    lab.check("with the number that the text acknowledges", text.segment.ack, rst.segment.seq)
    lab.check("the server's program gets", "ECONNRESET", server.error)
    lab.check("after a round trip (s)", 2 * lab.one_way, noticed - asked)
    lab.check("a new SYN with the same four numbers is answered by", "ACK", new[1].segment.flags)
    lab.check("that by", "RST", new[2].segment.flags)
    lab.check("connect() then", "", error)
    lab.check("with the SYN that goes out behind the RST (s)", 4 * lab.one_way, again.returned_s - began)
    other.receive(1)
    lab.check("the old one at the server gets", "ECONNRESET", other.error)
    lab.answer(
        f"""The server notices nothing until it sends: the rebooted host knows of no connection and answers RST,
        and {shown(noticed - asked)} s later the program gets {server.error}. If the client connects first, with
        the same four numbers, its SYN is answered by an ACK of the old life, that by RST and, at once, the SYN
        again, which connects: {shown(again.returned_s - began)} s, two round trips.""",
        f"""服务端一发数据才会发现：重启后的主机不认识这个连接，回 RST，{shown(noticed - asked)} 秒后程序得到 {server.error}。若客户端先用同一四元组重连，它的 SYN 得到旧连接的
        ACK，再以 RST 回应并立即重发 SYN，于是在 {shown(again.returned_s - began)} 秒（两个往返）时连上。""")
