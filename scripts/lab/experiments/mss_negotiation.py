from lab import experiment

TCP_MAXSEG = 2
TEXT = 20000
SMALL = 1000


@experiment(questions=[8], rfc="RFC 9293 3.7.1, RFC 6691", zh="MSS 是怎样协商的？")
def run(lab):
    """How do both ends agree on the size of segments?"""
    lab.listen()
    client = lab.socket()
    client.option(6, TCP_MAXSEG, SMALL)
    client.connect()
    server = lab.accept()
    for sock, reader in ((client, server), (server, client)):
        reader.drain()
        sock.send(b"x" * TEXT)
        lab.until(lambda sock=reader: len(sock.received) == TEXT)
    lab.settle()

    syn, syn_ack = lab.sent("client", "SYN")[0], lab.sent("server", "SYN-ACK")[0]
    both = lab.knob("timestamps") and lab.knob("timestamps", "server")
    largest = [max(t.length for t in lab.sent(side, "data")) for side in ("client", "server")]
    room = SMALL - (12 if both else 0)
    lab.check("the client announces", SMALL, syn.segment.options["mss"])
    lab.check("the server, whose device takes 1500", 1460, syn_ack.segment.options["mss"])
    lab.check("largest text of the client, of the server", [room, room], largest)
    lab.answer(
        f"""It is no agreement: each says in its SYN what it can take (here {SMALL} and 1460), and none sends more than
        the other said, nor more than it would take itself. Options count: with timestamps, 12 octets, a segment has
        {largest[0]} octets of text.""",
        f"""其实不是协商：双方各在 SYN 中说明自己能收多大（这里是 {SMALL} 和 1460），谁也不会发得比对方说的更大，也不会超过自己的。选项也要算在内：带 12 字节时间戳时，
        每段数据最多 {largest[0]} 字节。""")
