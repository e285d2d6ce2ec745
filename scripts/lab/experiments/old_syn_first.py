from lab import experiment, shown


@experiment(questions=[11, 14], rfc="RFC 9293 3.5, figure 9", zh="旧的 SYN 先于新的 SYN 到达会怎样？")
def run(lab):
    """What happens when an old SYN overtakes the new one?"""
    lab.hold("SYN", times=1)
    lab.listen()
    lab.socket(port=40000).begin().close()  # a client that went away; its SYN is still in the network
    lab.delay("SYN", 100, times=1)
    lab.wait(1)
    client = lab.socket(port=40000)
    began = lab.now
    client.begin()
    lab.release(lab.held()[0])
    error = client.finish()
    server = lab.accept()
    client.send(b"new")
    received = server.receive(3)
    lab.settle()

    old, new = lab.sent("client", "SYN")[:2]
    rst = lab.sent("client", "RST")
    wrong, right = lab.sent("server", "SYN-ACK")[:2]
    lab.true("the old SYN arrives first", old.arrived_s < new.arrived_s)
    lab.check("the server answers it", (old.segment.seq + 1) % 2**32, wrong.segment.ack)
    lab.check("the client, who sent another, answers RST: number", [wrong.segment.ack], [t.segment.seq for t in rst])
    lab.check("the new SYN is answered (s)", new.arrived_s, right.s)
    lab.check("connected", "", error)
    lab.check("after (s)", began + 2 * lab.one_way + 0.1, client.returned_s)
    lab.check("the server reads the new text, no other", b"new", received)
    lab.answer(
        f"""The server answers the old SYN; the client sees an acknowledgment of a number that it did not send and
        answers RST, so the server forgets it. The new SYN, {shown(new.arrived_s - old.arrived_s)} s later, connects
        as if nothing had been. The third segment is where the client can object: that is why there is one.""",
        f"""服务端先回应旧 SYN；客户端发现它确认的不是自己发的序号，回 RST，服务端便丢弃它。{shown(new.arrived_s - old.arrived_s)} 秒后到达的新 SYN照常建立连接。
        第三个报文段正是客户端可以否认的机会，所以需要三次。""")
