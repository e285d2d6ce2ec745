import socket

from lab import experiment, shown


@experiment(questions=[10], rfc="RFC 9293 3.5", zh="第三次握手的报文段能携带数据吗？")
def run(lab):
    """May the third segment of the handshake carry text?"""
    lab.listen()
    client = lab.socket()
    client.option(6, socket.TCP_QUICKACK, 0)  # an ACK may wait for something to go with it
    client.connect()
    client.send(b"question")
    server = lab.accept()
    received = server.receive(8)
    lab.settle()

    third = lab.sent("client")[1]
    lab.check("the third segment carries text (octets)", 8, third.length)
    lab.check("with number", 1, third.seq)
    lab.check("and acknowledges the SYN-ACK", 1, third.ack)
    lab.check("sent after a round trip (s)", 2 * lab.one_way, third.s)
    lab.check("the server is ESTABLISHED when it arrives (s)", third.arrived_s, lab.state_times("server", server)[-1][0])
    lab.check("its program reads", b"question", received)
    lab.answer(
        f"""Yes: SYN and SYN-ACK carry none, the third may. Here the client's ACK waited for its program, which sent {third.length} octets at once;
        they are number 1 and following, reach the server at {shown(third.arrived_s)} s and complete the handshake.""",
        f"""可以：SYN 和 SYN-ACK 不带数据，第三个可以带。这里客户端的 ACK 等到程序立刻发出的 {third.length} 字节一起走，
序号从 1 开始，在 {shown(third.arrived_s)} 秒到达服务端，同时完成握手。""")
