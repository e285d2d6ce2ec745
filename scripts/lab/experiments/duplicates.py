from lab import experiment


@experiment(questions=[9], rfc="RFC 9293 3.4, 3.10.7.4", zh="同一报文段到达两次会怎样？")
def run(lab):
    """What happens when a segment arrives twice?"""
    client, server = lab.pair()
    lab.duplicate("data", 50, sender="client", times=1)
    client.send(b"once")
    read = server.receive(4)
    lab.wait(1)
    client.send(b" more")
    read += server.receive(5)
    lab.settle()

    first = lab.sent("client", "data")[0]
    second = lab.seconds(first.trip.arrivals_ns[1])
    answers = [t for t in lab.sent("server", "ACK") if abs(t.s - second) < 0.0005]
    lab.check("it arrives so often", 2, len(first.trip.arrivals_ns))
    lab.check("the program reads each octet once", b"once more", read)
    lab.check("the second is answered at once by an ACK, for the first one's may have been lost", 1, len(answers))
    lab.check("for what is expected now", (first.segment.seq + 4) % 2**32, answers[0].segment.ack if answers else 0)
    lab.answer(
        """Each octet has a number, so the receiver sees that it has these already: the second copy is dropped and
        acknowledged once more, for that a segment comes again may mean that the ACK was lost. The program reads
        each octet once.""",
        """每个字节都有序号，接收方看出这些已收过：第二份被丢弃并再确认一次，因为重复到达可能意味着前一个 ACK 丢了。程序每个字节只读到一次。""")
