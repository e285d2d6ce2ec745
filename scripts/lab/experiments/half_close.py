from lab import experiment, shown


@experiment(questions=[25], rfc="RFC 9293 3.6", zh="为什么关闭要四次？一方关闭后另一方还能发数据吗？")
def run(lab):
    """Why four segments to close: can one end still send when the other has closed?"""
    client, server = lab.pair()
    client.send(b"the whole question")
    client.shutdown()
    question = server.receive_all()
    lab.wait(1)
    server.send(b"y" * 3000)
    server.close()
    answer = client.receive_all()
    client.close()
    lab.settle()

    fin, = lab.sent("client", "FIN")
    later = [t for t in lab.sent("server", "data") if t.s > fin.arrived_s]
    lab.check("the question", b"the whole question", question)
    lab.check("octets after the client's FIN", 3000, sum(t.length for t in later))
    lab.check("read by the client", 3000, len(answer))
    lab.check("the client's states", ["FIN_WAIT_1", "FIN_WAIT_2", "TIME_WAIT"], lab.walk(client)[2:5])
    lab.check("the server's states", ["CLOSE_WAIT", "LAST_ACK", "CLOSED"], lab.walk(server)[2:])
    lab.answer(
        f"""Each direction ends by itself: after the client's FIN at {shown(fin.s)} s, which says only that it sends
        no more, the server still sent {sum(t.length for t in later)} octets, and its own FIN a second later. So two
        FINs and two ACKs; four.""",
        f"""两个方向各自结束：客户端 {shown(fin.s)} 秒的 FIN 只表示它不再发送，之后服务端又发了 {sum(t.length for t in later)} 字节，一秒后才发自己的 FIN。两个 
        FIN 加两个 ACK，所以是四次。""")
