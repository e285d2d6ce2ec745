from lab import experiment

CHUNK, EVERY_S, OCTETS = 4000, 0.02, 800000  # what the server's program reads: 200 kB a second


@experiment(questions=[43], rfc="RFC 9293 3.8.6, 3.8.6.2.2", zh="发送方比接收方快时，滑动窗口怎样起作用？", plot=True)
def run(lab):
    """What does the sliding window do when the sender is faster than the receiver?"""
    client, server = lab.pair()
    lab.watch(client)
    client.pour(b"x" * OCTETS)
    read, at = 0, []
    while read < OCTETS:
        lab.wait(EVERY_S)
        read += len(server.receive(min(CHUNK, OCTETS - read)))
        at.append((lab.now, read))

    points = lab.wire_series(client)
    rate = CHUNK / EVERY_S
    half = [(t.s, t.length) for t in lab.sent("client", "data") if at[-1][0] / 2 < t.s < at[-1][0]]
    arriving = sum(length for _, length in half) / max(half[-1][0] - half[0][0], 0.001)
    windows = [point["window"] for s, point in points if s > 0.1]
    scale = lab.sent("server", "SYN-ACK")[0].segment.options.get("window_scale", 0)
    excess = max(p["in_flight"] - p["window"] for s, p in points if s > 0.1)
    lab.true("in flight is never more than the window, in its units", excess < 1 << scale, excess)
    lab.check("octets read", OCTETS, read)
    lab.true("the window came near zero", min(windows) < max(windows) / 4, min(windows))
    reading = OCTETS / (at[-1][0] - at[0][0] + EVERY_S)
    lab.check("it reads that many octets a second", rate, reading, tolerance=0.05 * rate)
    lab.check("the sender is slowed down to (octets a second)", rate, arriving, tolerance=0.25 * rate)
    lab.figures.least = min(windows)
    lab.answer(
        f"""The receiver's window says how much it has room for; what is in flight was never more. The program
        read {rate / 1000:g} kB a second, so the buffer filled, the window fell from {max(windows)} to
        {min(windows)} octets, and the sender was slowed down to {arriving / 1000:.0f} kB a second. Nothing was
        lost or sent twice.""",
        f"""接收方的窗口表示它还有多少空间，在途数据从不超过它。程序每秒只读 {rate / 1000:g} kB，缓冲区渐满，窗口从 {max(windows)} 降到 {min(windows)}字节，发送方被压到每秒
        {arriving / 1000:.0f} kB。没有丢失，也没有重发。""")
