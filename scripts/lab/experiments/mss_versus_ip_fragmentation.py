import socket

from lab import experiment

TEXT = 4000


def as_datagrams(lab):
    """A datagram in fragments, one of them lost, and sent again by the program: packets that were needed."""
    with lab.host("server"):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("", 80))
    server.setblocking(False)
    read, tries = b"", 0
    with lab.host("client"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER: fragments are allowed
        while not read:
            client.sendto(b"x" * TEXT, (lab.server.address, 80))
            lab.cable.take()
            tries += 1
            lab.wait(1)
            try:
                read = server.recv(2 * TEXT)
            except BlockingIOError:
                pass
    server.close()
    return tries, [t for t in lab.sent("client") if not t.segment.flags]


@experiment(questions=[8], rfc="RFC 9293 3.7, RFC 8900", zh="有了 IP 分片，为什么还要 MSS？")
def run(lab):
    """Why MSS, when IP can fragment?"""
    rule = lab.lose(lambda segment: segment.kind.startswith("fragment") and "at 1480" in segment.kind, times=1)
    tries, fragments = as_datagrams(lab)
    lab.forget(rule)
    client, server = lab.pair()
    lab.lose("data", times=1, skip=1)
    server.drain()
    client.send(b"x" * TEXT)
    lab.until(lambda: len(server.received) == TEXT)
    lab.settle()

    data = lab.sent("client", "data")
    again = sum(t.length for t in data) - TEXT
    lost = [t.length for t in data if t.lost]
    lab.check("the datagram has to be sent so often", 2, tries)
    lab.check("all its fragments, each time", 6, len(fragments))
    lab.check("of the segments the lost one alone is sent again, octets", lost[0], again,
              lost[0] if lab.kernel else 0)
    lab.figures.again = again
    lab.answer(
        f"""One lost fragment costs the whole datagram: all {TEXT} octets were sent again, {len(fragments)} packets
        in all, and those that did arrive had waited in vain. One lost segment costs itself: {again} octets of {TEXT}
        were sent again. So TCP cuts by itself, to what fits into a packet of the path.""",
        f"""丢一个分片就损失整个数据报：{TEXT} 字节全部重发，共 {len(fragments)} 个包，先到的分片白等了。丢一个报文段只损失它自己：{TEXT} 字节中只重发了 {again} 字节。所
        以 TCP 自己按路径能容纳的大小切分。""")
