from lab import experiment

DAYS, EVERY = 60, 6
DAY_S = 86400


@experiment(questions=[19], rfc="RFC 7323 5.4, 5.5", zh="时间戳回绕会怎样？")
def run(lab):
    """What happens when timestamps wrap?"""
    client, server = lab.pair()
    server.drain()
    for _ in range(DAYS // EVERY + 1):
        client.send(b"x")
        lab.settle()
        lab.wait(EVERY * DAY_S)

    data = lab.sent("client", "data")
    stamps = [t.segment.options["timestamps"][0] for t in data if "timestamps" in t.segment.options]
    wraps = sum(b < a for a, b in zip(stamps, stamps[1:]))
    wanted = DAYS // EVERY + 1
    lab.check("octets read in as many days", wanted, len(server.received))
    lab.check("none had to be sent again", wanted, len(data))
    if stamps:
        lab.true("the clock came around on the way", wraps >= 1, wraps)
    lab.answer(
        f"""A clock of milliseconds comes around after 49.7 days. An octet went out every {EVERY} days, {DAYS} days
        long; the timestamp wrapped {wraps} time(s), and all {len(server.received)} octets arrived at their first
        try: what is newer is decided modulo 2^32, by which of the two ways is shorter.""",
        f"""毫秒时钟每 49.7 天绕一圈。{DAYS} 天里每 {EVERY} 天发一个字节，时间戳回绕了 {wraps} 次，{len(server.received)} 个字节都一次送达：新旧按
        模 2^32 比较，取较短的方向。""")
