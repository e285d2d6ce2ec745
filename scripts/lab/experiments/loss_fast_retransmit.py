from lab import experiment, shown

SEGMENTS, LOST = 8, 2  # the third of eight


@experiment(questions=[9, 42], rfc="RFC 5681 3.2, RFC 6582", zh="什么是快速重传，它何时发生？", plot=True)
def run(lab):
    """When is a loss repaired before the timer?"""
    client, server = lab.pair()
    lab.wait(0.5)
    lab.lose("data", sender="client", times=1, skip=LOST)
    lab.watch(client)
    start, mss = lab.now, client.info()["snd_mss"]
    client.send(b"x" * SEGMENTS * mss)
    received = server.receive(SEGMENTS * mss)
    lab.settle()

    data = lab.sent("client", "data")
    lost = next(t for t in data if t.lost)
    again = [t for t in data if t.seq == lost.seq and t is not lost]
    duplicates = [t for t in lab.sent("server", "ACK") if t.s > start and t.ack == lost.seq][1:]
    needed = lab.knob("reordering")
    rto = max(lab.knob("rto_min_ms") / 1000, 6 * lab.one_way)
    lab.check("sent again, times", 1, len(again))
    lab.check(f"with the duplicate ACK number {needed} (s)", duplicates[needed - 1].arrived_s, again[0].s)
    lab.check("octets delivered", SEGMENTS * mss, len(received))
    lab.true("before the timer", again[0].s - lost.s < rto, again[0].s - lost.s)
    lab.answer(
        f"""Each segment behind the lost one is answered by an ACK that asks for it again. The duplicate number
        {needed} brings it after {shown(again[0].s - lost.s)} s, about a round trip; the timer would have taken
        {shown(rto)} s.""",
        f"""丢失段之后的每个报文段都会引出一个重复 ACK。第 {needed} 个重复 ACK 使它在 {shown(again[0].s - lost.s)} 秒（约一个往返）后重传；定时器要等 
        {shown(rto)} 秒。""")
