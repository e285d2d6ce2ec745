from lab import experiment, shown


@experiment(questions=[9], rfc="RFC 9293 3.1, 3.8.1, RFC 6298", zh="报文段在途中被损坏会怎样？")
def run(lab):
    """What happens when a segment is damaged on its way?"""
    lab.spoil("data", times=1)
    client, server = lab.pair()
    client.send(b"a letter")
    read = server.receive(8)
    lab.settle()

    first, again = lab.sent("client", "data")[:2]
    rto = max(lab.knob("rto_min_ms"), 6000 * lab.one_way) / 1000
    lab.check("the text arrives as it was sent", b"a letter", read)
    lab.check("the damaged one has no answer; the same is sent again after an RTO (s)", rto, again.s - first.s,
              1 if lab.kernel else 0.002)
    lab.check("with the same number", first.segment.seq, again.segment.seq)
    if not lab.kernel:
        lab.true("dropped for its checksum", any("CSUM" in why.upper() or "CHECKSUM" in why.upper()
                                                 for why in lab.drops("server")), str(lab.drops("server")))
    lab.answer(
        f"""The receiver's sum is not the header's, so it drops the segment and says nothing, as if it had been lost.
        {shown(again.s - first.s)} s later the sender's timer sends it again, and the program reads what was written.
        The sum has 16 bits: what must not be wrong needs one of its own.""",
        f"""接收方算出的校验和与首部不符，便丢弃该段、不作回应，如同丢失。{shown(again.s - first.s)} 秒后发送方定时器重发，程序读到的正是所写的。校验和只有 16 位，绝不能错的数据要另有校验。""")
