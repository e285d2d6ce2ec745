from lab import experiment, shown

BACKLOG = 1


def fill(lab, backlog=BACKLOG):
    """Connections that nobody accepts, until one more does not fit; the listener."""
    listener = lab.listen(backlog=backlog)
    for _ in range(backlog + 1):
        lab.socket().connect()
    lab.settle()
    return listener


@experiment(questions=[39], rfc="RFC 9293 3.9.1.1", zh="全连接队列满了会怎样？")
def run(lab):
    """What happens when a server does not accept?"""
    fill(lab)
    late = lab.socket()
    late.begin()
    lab.wait(2.5)
    waiting = len(lab.table("server", "ESTABLISHED"))
    lab.accept()
    error = late.finish()
    lab.accept()
    server = lab.accept()
    late.send(b"at last")
    read = server.receive(7)

    lab.check("connections that wait in the queue", BACKLOG + 1, waiting)
    lab.check("the next one, when there is room again", "", error)
    lab.check("and its text", b"at last", read)
    syns = [t for t in lab.sent("client", "SYN") if t.segment.source_port == late.port]
    lab.figures.syns = len(syns)
    lab.answer(
        f"""A queue of {BACKLOG} holds {BACKLOG + 1} connections that are open and not accepted. The next client
        gets no answer that helps it, and repeats ({len(syns)} SYN in {shown(2.5)} s); when the program accepted one
        it came in, and its text was read. To be silent is to say: try again soon.""",
        f"""长度为 {BACKLOG} 的队列可容纳 {BACKLOG + 1} 个已建立而未被 accept 的连接。下一个客户端得不到有用的回应，只好重试（{shown(2.5)} 秒
        内 {len(syns)} 个 SYN）；程序取走一个后它就进来了，数据也读到了。沉默的意思是：请稍后再试。""")
