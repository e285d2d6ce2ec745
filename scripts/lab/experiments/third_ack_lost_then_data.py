from lab import experiment, shown


@experiment(questions=[22], rfc="RFC 9293 3.10.7.4", zh="第三次握手丢失后客户端发送数据会怎样？")
def run(lab):
    """What happens when the third segment is lost and the client sends text?"""
    lab.lose("ACK", sender="client", times=1)
    lab.listen()
    client = lab.socket()
    client.connect()
    lab.wait(0.1)
    client.send(b"x" * 100)
    server = lab.accept()
    received = server.receive(100)
    lab.settle()

    data = lab.sent("client", "data")
    lab.check("text is sent once", 1, len(data))
    lab.check("it acknowledges the SYN-ACK, as every segment does", 1, data[0].ack)
    lab.check("the server is ESTABLISHED when it arrives (s)", data[0].arrived_s, lab.since(server)["ESTABLISHED"])
    lab.check("no SYN-ACK is repeated", 1, len(lab.sent("server", "SYN-ACK")))
    lab.check("octets read", 100, len(received))
    lab.answer(
        f"""The text completes the handshake: each segment acknowledges, so this one does what the lost ACK should
        have done. The server is ESTABLISHED when it arrives, at {shown(data[0].arrived_s)} s, and nothing is
        repeated.""",
        f"""数据本身就完成了握手：每个报文段都带确认，它代替了丢失的 ACK。它在 {shown(data[0].arrived_s)} 秒到达，服务端随即进入ESTABLISHED，没有任何重发。""")
