from lab import experiment, shown


@experiment(questions=[10], rfc="RFC 9293 3.5, 3.10.7.4", zh="第三次握手的报文段能携带数据吗？")
def run(lab):
    """May the third segment of the handshake carry text?"""
    lab.lose("RST", sender="client")  # of its host, which knows of no such client
    lab.listen()
    lab.inject("server", "SYN", seq=1000, source_port=40000)
    lab.settle()
    syn_ack, = lab.sent("server")
    third = lab.inject("server", "PSH-ACK", seq=1001, ack=syn_ack.segment.seq + 1, source_port=40000, text=b"question")
    server = lab.accept()
    received = server.receive(8)
    lab.wait(1)  # the ACK may be delayed

    lab.check("the SYN-ACK acknowledges the SYN and carries no text", [1, 0], [syn_ack.ack, syn_ack.length])
    lab.check("the server is ESTABLISHED when it arrives (s)", third.arrived_s, lab.since(server)["ESTABLISHED"])
    lab.check("its program reads", "question", received.decode())
    lab.check("the text is acknowledged", 9, lab.sent("server")[1].ack)
    lab.answer(
        f"""Yes. SYN and SYN-ACK carry none and take one number each; the third segment is the first that may, and
        this one brought {third.length} octets, numbers 1 to {third.length}: the server is ESTABLISHED at
        {shown(third.arrived_s)} s and its program reads them.""",
        f"""可以。SYN 和 SYN-ACK 不带数据，各占一个序号；第三个报文段是第一个可以带数据的，这里带了 {third.length} 字节（序号 1 到 {third.length}）：服务端在 
        {shown(third.arrived_s)} 秒进入 ESTABLISHED，程序读到了它们。""")
