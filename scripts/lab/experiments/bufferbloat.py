from lab import experiment

RATE_KBIT, OCTETS = 8000, 700000
LONG, SHORT = 1000, 20  # packets that the bottleneck lets wait


def transfer(lab, queue, port):
    """Through a bottleneck with that queue: (longest way of a segment in s, octets a second, lost)."""
    lab.set(rmem_default=1 << 20, wmem_default=1 << 20)  # so that the window does not limit it
    if lab.kernel:
        for host in lab.hosts:
            with host:
                host.sysctl("net/ipv4/tcp_rmem", "4096 2097152 6291456")
                host.sysctl("net/ipv4/tcp_wmem", "4096 1048576 6291456")
    lab.link(rate_kbit=RATE_KBIT, queue=queue, sender="client")
    client, server = lab.pair(port)
    lab.watch(client)
    server.drain()
    start = lab.now
    client.pour(b"x" * OCTETS)
    lab.until(lambda: len(server.received) == OCTETS)
    took = lab.now - start
    lab.settle()
    sent = [t for t in lab.sent("client", "data") if t.segment.destination_port == port]
    ways = [t.arrived_s - t.s for t in sent if t.arrived_s]
    return max(ways), len(server.received) / took, sum(t.lost != "" for t in sent)


@experiment(questions=[44], rfc="RFC 8290 1, RFC 7567 2.1, RFC 5681 3.1", zh="缓冲区过大（bufferbloat）为什么有害？", plot=True)
def run(lab):
    """Why is a long queue at a bottleneck harmful?"""
    bloated, fast, lost = transfer(lab, LONG, 80)
    lean, slower, dropped = transfer(lab, SHORT, 81)

    packet_s = 1500 * 8 / (RATE_KBIT * 1000)
    most = lab.one_way + (SHORT + 2) * packet_s
    lab.check("lost in the long queue", 0, lost)
    lab.true("lost where it is short", dropped > 0, dropped)
    lab.true("the way through the short queue is at most as long as that is (s)", lean <= most, lean)
    lab.true("through the long queue it takes five times as long, at least (s)", bloated > 5 * lean, bloated)
    line = RATE_KBIT * 125
    lab.true("the line is well used either way (octets a second)", min(fast, slower) > 0.55 * line, min(fast, slower))
    lab.figures.ways = bloated, lean
    lab.answer(
        f"""With room for {LONG} packets nothing is lost, so the sender hears of no congestion and fills the
        queue: a segment is {bloated * 1000:.0f} ms on its way instead of {lab.one_way * 1000:g}. With room for
        {SHORT}, {dropped} are lost, it slows down, and the way takes at most {lean * 1000:.0f} ms;
        {fast / 1000:.0f} and {slower / 1000:.0f} kB a second arrive.""",
        f"""能排 {LONG} 个包时什么都不丢，发送方不知道拥塞，一直填满队列：一个报文段要走 {bloated * 1000:.0f} 毫秒而不是 {lab.one_way * 1000:g} 毫秒。只能排{SHORT}
        个时丢了 {dropped} 个，它随之减速，最多走 {lean * 1000:.0f} 毫秒；每秒分别到达 {fast / 1000:.0f} 和 {slower / 1000:.0f} kB。""")


def beside(xtcp, kernel):
    return (f"There the longest ways are {kernel.ways[0] * 1000:.0f} and {kernel.ways[1] * 1000:.0f} ms, with xtcp "
            f"{xtcp.ways[0] * 1000:.0f} and {xtcp.ways[1] * 1000:.0f} ms.",
            f"在它那里最长分别走 {kernel.ways[0] * 1000:.0f} 和 {kernel.ways[1] * 1000:.0f} 毫秒，xtcp 为 "
            f"{xtcp.ways[0] * 1000:.0f} 和 {xtcp.ways[1] * 1000:.0f} 毫秒。")
