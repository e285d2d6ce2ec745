import socket

from lab import experiment

COUNT = 6


def datagrams(lab):
    """The same six pieces as datagrams: what arrives, in its order."""
    with lab.host("server"):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with lab.host("client"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        server.bind(("", 80))
        for number in range(COUNT):
            client.sendto(b"%d" % number, (lab.server.address, 80))
            lab.cable.take()
    lab.wait(1)
    server.setblocking(False)
    read = []
    try:
        while True:
            read.append(server.recv(100))
    except BlockingIOError:
        server.close()
        return b"".join(read)


@experiment(questions=[6, 1], rfc="RFC 768, RFC 9293 3.1", zh="UDP 与 TCP 有什么区别？")
def run(lab):
    """How does UDP differ, on the same bad path?"""
    rules = [lab.lose("UDP", times=1, skip=1), lab.delay("UDP", 50, times=1, skip=2)]
    by_udp = datagrams(lab)
    for rule in rules:
        lab.forget(rule)
    client, server = lab.pair()
    client.option(6, socket.TCP_NODELAY, 1)
    lab.lose("data", times=1, skip=1)
    lab.delay("data", 50, times=1, skip=2)
    server.drain()
    for number in range(COUNT):
        client.send(b"%d" % number)
    lab.until(lambda: len(server.received) == COUNT)
    lab.settle()
    by_tcp = bytes(server.received)

    pieces = lab.sent("client", "data")
    data = pieces[0].segment
    header = len(data.packet) - 20 - data.length
    lost = [piece.segment.seq for piece in pieces if piece.lost]
    lab.check("segments that were lost", 1, len(lost))
    lab.check("each, and what was in it again", [2] * len(lost),
              [sum(piece.segment.seq == number for piece in pieces) for number in lost])
    lab.check("datagrams that arrive, in their order", b"02453", by_udp)
    lab.check("the stream that is read", b"012345", by_tcp)
    lab.answer(
        f"""Six pieces, the second lost, the fourth late. UDP gives what comes as it comes: {by_udp.decode()}. TCP
        numbers, repeats and puts in order: {by_tcp.decode()}, later and at more cost ({header} octets of header
        here, 8 of UDP's). UDP's header says how long it is; TCP's says where its options end, for the stream has no
        lengths. UDP is for what is of no use when late, TCP for what must be whole.""",
        f"""六份数据，第二份丢失，第四份迟到。UDP 来什么交什么：{by_udp.decode()}；TCP 编号、重发、排序：{by_tcp.decode()}，更晚、开销也更大（这里首部 {header} 字
        节，UDP 为 8 字节）。UDP 首部有长度；TCP 是字节流，没有长度，只有指出选项结束处的偏移。迟到就没用的数据用 UDP，必须完整的用 TCP。""")
