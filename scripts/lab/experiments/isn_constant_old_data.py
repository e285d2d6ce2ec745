from lab import experiment

OLD, NEW = b"OLD TEXT", b"NEW TEXT"


def two_lives(lab, port, mode):
    """What the second life's program reads, when text of the first comes late."""
    lab.write_knob("isn_mode", mode, "")  # also where the user set it: it is what differs here
    first = lab.socket(port=port)
    first.connect()
    server = lab.accept()
    first.send(OLD)
    server.receive(len(OLD))
    old = [t for t in lab.sent("client", "data") if t.segment.source_port == port][0]
    first.abort()
    lab.settle()
    server.close()
    lab.wait(1)
    second = lab.socket(port=port)
    second.connect()
    server = lab.accept()
    server.drain()
    lab.replay(old)
    lab.settle()
    second.send(NEW)
    lab.wait(1)
    return bytes(server.received)


@experiment(questions=[16], rfc="RFC 9293 3.4.1, RFC 6528", zh="如果每次 ISN 都相同会怎样？", kernel=False)
def run(lab):
    """What if every connection began with the same number?"""
    # The kernel's TCP has no other ISN than RFC 6528's.
    lab.set(timestamps=0)  # they would tell the lives apart, too: isn-same-number
    told_apart = lab.knob("timestamps") and lab.knob("paws", "server")
    lab.listen()
    constant = two_lives(lab, 40000, "constant")
    clock = two_lives(lab, 40001, "rfc6528")

    lab.check("the second life reads, with a constant ISN", NEW if told_apart else OLD, constant)
    lab.check("and with a clock", NEW, clock)
    lab.answer(
        f"""A late segment of a connection that ended by RST came into the next one of the same four numbers. With a
        constant ISN its numbers are the ones expected there: the program read "{constant.decode()}", and what its peer
        then wrote was taken for a duplicate. With M + F it read "{clock.decode()}".""",
        f"""一个以 RST 结束的连接，其迟到的报文段进入了同一四元组的下一个连接。ISN 恒定时它的序号正是那里所期待的：程序读到“{constant.decode()}”，
        而对端随后写的反被当作重复。用 M + F 时读到“{clock.decode()}”。""")
