from lab import experiment

RATE_KBIT, QUEUE, HEAD_START_S, END_S = 3000, 12, 1, 8


def shares(lab, ports, begin, end):
    """Octets of text that each connection brings over the bottleneck in that time."""
    data = [t for t in lab.sent("client", "data") if t.arrived_s and begin <= t.arrived_s < end]
    return [sum(t.length for t in data if t.segment.source_port == port) for port in ports]


@experiment(questions=[44], rfc="RFC 5681 3.1, RFC 9743 5", zh="两个连接怎样分享同一个瓶颈？", plot=True)
def run(lab):
    """How do two connections share one bottleneck?"""
    lab.link(rate_kbit=RATE_KBIT, queue=QUEUE, sender="client")
    lab.listen()
    pairs = []
    for start in (0, HEAD_START_S):
        lab.wait(start)
        client = lab.socket()
        client.connect()
        server = lab.accept()
        lab.watch(client)
        server.drain()
        client.pour(bytes(RATE_KBIT * 125 * END_S))
        pairs.append(client)
    lab.wait(END_S - lab.now)

    ports = [client.port for client in pairs]
    alone = shares(lab, ports, 0, HEAD_START_S)
    early = shares(lab, ports, HEAD_START_S, HEAD_START_S + 1)
    late = shares(lab, ports, END_S - 4, END_S)
    used = sum(late) / (RATE_KBIT * 125 * 4)
    lab.check("the second at first", 0, alone[1])
    lab.true("at the end neither has more than twice the other's", max(late) <= 2 * min(late), late)
    lab.true("and together they use the line", used > 0.85, used)
    percent = [100 * early[0] / sum(early), 100 * late[0] / sum(late)]
    lab.figures.percent = percent
    lab.answer(
        f"""Both grow by about a segment a round trip and are cut by a part of what they have at each loss, so who
        has more loses more. The first had all; in the second's first second it had {percent[0]:.0f} %, and in the
        last four {percent[1]:.0f} %; together they use {100 * used:.0f} % of the line.""",
        f"""两者每个往返约增加一个报文段，每次丢失按比例减小，多占的减得多。起初第一个占全部；第二个开始的第一秒里第一个占 {percent[0]:.0f}%，最后四秒占 {percent[1]:.0f}%；合起来用了线路的
        {100 * used:.0f}%。""")


def beside(xtcp, kernel):
    return (f"There the first has {kernel.percent[0]:.0f} % at first and {kernel.percent[1]:.0f} % at the end, "
            f"with xtcp "
            f"{xtcp.percent[0]:.0f} % and {xtcp.percent[1]:.0f} %.",
            f"在它那里第一个开始占 {kernel.percent[0]:.0f}%、最后占 {kernel.percent[1]:.0f}%，xtcp 为 {xtcp.percent[0]:.0f}% 和 "
            f"{xtcp.percent[1]:.0f}%。")
