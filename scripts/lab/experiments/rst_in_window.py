from lab import experiment


def shoot(lab, ahead):
    """A RST with a number so far ahead of what the server expects; its answers, and the state it is in then."""
    client = lab.socket()
    client.connect()
    server = lab.accept()
    client.send(b"x")
    server.receive(1)
    lab.settle()
    last = [t for t in lab.sent("client") if t.segment.source_port == client.port][-1].segment
    before = len(lab.sent("server"))
    lab.lose("any", sender="client")  # so that nobody answers the answer
    lab.inject("server", "RST", last.next_seq + ahead, 0, client.port)
    lab.wait(1)
    answers = [t.segment.flags for t in lab.sent("server")[before:]]
    lab.forget(lab.cable.rules[-1])
    return answers, lab.walk(server)[-1]


@experiment(questions=[45], rfc="RFC 9293 3.10.7.4, RFC 5961 3.2", zh="窗口内的 RST 会怎样？")
def run(lab):
    """Which RST ends a connection?"""
    lab.listen()
    exact = shoot(lab, 0)
    inside = shoot(lab, 1000)
    outside = shoot(lab, 10**8)
    lab.check("the number that is expected", ([], "CLOSED"), exact)
    lab.check("another one in the window: an ACK asks", (["ACK"], "ESTABLISHED"), inside)
    lab.check("outside of the window: nothing", ([], "ESTABLISHED"), outside)
    lab.answer(
        """Only one with exactly the number expected next. One elsewhere in the window may be a stranger's guess: it is
        answered by an ACK (RFC 5961), and a peer who is really gone answers that by the right RST. Outside of the
        window it is dropped. So a guess hits one number of 2^32, not one of 65,537 windows.""",
        """只有序号恰好等于下一个期望序号的 RST。窗口内其他位置的可能是外人猜的：回一个 ACK（RFC 5961），真的不在了的对端会用正确的 RST 回应。窗口外的直接丢弃。
        所以猜中的机会是 2^32 分之一，而不是窗口数分之一。""")
