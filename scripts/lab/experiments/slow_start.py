from lab import experiment

ROUNDS, IDLE_S = 4, 5


def flights(lab, start):
    """Segments of text that go out in each round trip from then on."""
    rtt = 2 * lab.one_way
    data = [t.s - start for t in lab.sent("client", "data") if t.s >= start]
    return [sum((n - 0.5) * rtt <= s < (n + 0.5) * rtt for s in data) for n in range(ROUNDS + 1)]


@experiment(questions=[9, 44], rfc="RFC 5681 3.1, 4.1, RFC 6928", zh="慢启动：一个新连接能发多快？空闲之后呢？", plot=True, delay_ms=50)
def run(lab):
    """How fast may a new connection send, and one that was idle?"""
    lab.set(wmem_default=1 << 20, rmem_default=1 << 20)  # so that nothing but cwnd limits it
    client, server = lab.pair()
    lab.wait(0.5)
    lab.watch(client)
    first, mss = lab.knob("initial_cwnd"), client.info()["snd_mss"]
    total = first * (2**ROUNDS - 1) * mss
    server.drain()
    start = lab.now
    client.pour(b"x" * total)
    lab.until(lambda: len(server.received) == total)
    lab.settle()
    took, seen = lab.now - start, flights(lab, start)
    grown = client.info()["cwnd"]
    lab.wait(IDLE_S)
    later = lab.now
    client.pour(b"x" * total)
    lab.until(lambda: len(server.received) == 2 * total)
    lab.settle()
    again = flights(lab, later)

    lab.check("segments in each round trip", [first << n for n in range(ROUNDS)] + [0], seen)
    anew = first if lab.knob("slow_start_after_idle") else min(grown, total // mss)
    lab.check("after an idle time it begins with", anew, again[0])
    lab.true("cwnd had grown", grown > 2 * first, grown)
    lab.figures.seen = seen
    lab.answer(
        f"""It begins with {first} segments and each one acknowledged lets one more go:
        {", ".join(map(str, seen[:ROUNDS]))} in {ROUNDS} round trips, {total // 1000} kB in {took:.2f} s. cwnd was
        {grown} then; {IDLE_S} s idle later, when nothing is known of the path any more, it began with {again[0]}.""",
        f"""它从 {first} 个报文段开始，每确认一个就多放行一个：{ROUNDS} 个往返分别为 {"、".join(map(str, seen[:ROUNDS]))} 个，{took:.2f} 秒发完
        {total // 1000}kB。那时 cwnd 为 {grown}；空闲 {IDLE_S} 秒后路径状况已不可知，于是又从 {again[0]} 开始。""")


def beside(xtcp, kernel):
    return (f"Its round trips have {', '.join(map(str, kernel.seen))} segments, "
            f"xtcp's {', '.join(map(str, xtcp.seen))}: "
            "HyStart (RFC 9406) may end its slow start before a loss does.",
            f"它的各个往返分别发 {'、'.join(map(str, kernel.seen))} 个报文段，xtcp 为 {'、'.join(map(str, xtcp.seen))} 个："
            "HyStart（RFC 9406）可能在丢失之前就结束慢启动。")
