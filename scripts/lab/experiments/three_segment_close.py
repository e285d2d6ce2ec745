from lab import experiment, shown


@experiment(questions=[26], rfc="RFC 9293 3.6, 3.8.6.3", zh="什么时候三次就能关闭？")
def run(lab):
    """When do three segments suffice to close?"""
    client, server = lab.pair()
    for _ in range(3):  # who answers at once lets its ACKs wait for the answer
        client.send(b"question")
        server.receive(8)
        server.send(b"answer")
        client.receive(6)
    lab.wait(0.5)
    start = lab.now
    client.close()
    server.receive_all()
    server.close()  # at once
    lab.settle()

    close = [t for t in lab.sent() if t.s >= start]
    lab.check("who sends", ["client", "server", "client"], [t.sender for t in close])
    lab.check("flags", ["FIN-ACK", "FIN-ACK", "ACK"], [t.segment.flags for t in close])
    lab.check("the second acknowledges the first FIN", close[0].seq + 1, close[1].ack)
    lab.check("all within a round trip (s)", start + 2 * lab.one_way, close[-1].s)
    lab.check("the client is in TIME_WAIT with the second (s)", close[1].arrived_s, lab.since(client)["TIME_WAIT"])
    lab.answer(
        f"""When the other end has nothing left to send and closes before its ACK has gone: the delayed ACK of the
        first FIN goes with the second FIN. {len(close)} segments in {shown(close[-1].s - start)} s; the client does
        not wait in FIN_WAIT_2.""",
        f"""当对方已无数据要发、且在 ACK 发出之前就关闭时：对第一个 FIN 的延迟确认与第二个 FIN 合在一起。{shown(close[-1].s - start)} 秒内 {len(close)} 个报文段；
        客户端不在 FIN_WAIT_2 中等待。""")
