from lab import experiment, shown


@experiment(questions=[39], rfc="RFC 9293 3.9.1.1", zh="abort_on_overflow 有什么作用？")
def run(lab):
    """What if a server refuses where its accept queue is full?"""
    lab.set(abort_on_overflow=1)
    listener = lab.listen(backlog=1)
    # Both get half-open before the queue is full; their third segments come when it is.
    lab.delay("ACK", 500, sender="client", times=2)
    late = [lab.socket().begin() for _ in range(2)]
    lab.wait(0.1)
    full = [lab.socket() for _ in range(2)]
    for sock in full:
        sock.connect()
    for sock in late:
        sock.finish()
    lab.wait(1)
    resets = [t.s for t in lab.sent("server", "RST")]
    text = [sock.send(b"x") for sock in late]
    abort = lab.knob("abort_on_overflow", "server")
    lab.check("RSTs to those for whom there was no room", 2 if abort else 0, len(resets))
    lab.check("they are told at their next call", ["ECONNRESET" if abort else ""] * 2, text)
    listener.close()
    lab.answer(
        f"""{len(resets)} handshakes found the queue full when their third segment came, and with
        abort_on_overflow=1 they get RST ({shown(*resets)} s): connect() had succeeded, the next call gives
        {text[0] or "no error"}. That is honest and quick, but a queue is often full for a moment only; by default
        (0) the server is silent and the client tries on.""",
        f"""{len(resets)} 个握手在第三段到达时发现队列已满；abort_on_overflow=1 时它们收到 RST（{shown(*resets)} 秒）：connect() 已成功，下一个调用返
        回 {text[0] or "成功"}。这样直接而迅速，但队列往往只是一时满；默认（0）服务器不作声，客户端会继续尝试。""")
