from lab import experiment

LIVES, MOST = 6, 4


@experiment(questions=[34], rfc="RFC 9293 3.6.1", zh="max_tw 限制 TIME_WAIT 的数量，有什么风险？")
def run(lab):
    """What does a limit of TIME_WAITs risk?"""
    lab.set(side="client", max_tw=MOST)
    lab.listen()
    lives = [lab.life()[0] for _ in range(LIVES)]
    kept = len(lab.table("client", "TIME_WAIT"))
    server_fins = lab.sent("server", "FIN")
    lost_ack = server_fins[-1]
    before = lab.now
    lab.replay(lost_ack)  # as if the last ACK of that had been lost
    lab.settle()
    answer = [t for t in lab.sent("client") if t.s >= before][-1]

    most = lab.knob("max_tw")
    lab.check("TIME_WAITs of so many lives", min(LIVES, most), kept)
    lab.check("the last life's states end in", "CLOSED" if most < LIVES else "TIME_WAIT", lab.walk(lives[-1])[-1])
    lab.check("its FIN, come again, is answered by", "RST" if most < LIVES else "ACK", answer.segment.flags)
    lab.figures.kept = kept
    lab.answer(
        f"""Of {LIVES} connections {kept} are in TIME_WAIT, the others closed without: max_tw={most}. Memory is
        bounded, but those have no protection: when the last one's FIN comes again, for its ACK was lost, it is
        answered by {answer.segment.flags}.""",
        f"""{LIVES} 个连接中有 {kept} 个处于 TIME_WAIT，其余直接关闭：max_tw={most}。内存有了上限，但那些连接失去保护：最后一个的 FIN 因 ACK 丢失而重来时，得到的是
        {answer.segment.flags}。""")


def beside(xtcp, kernel):
    if xtcp.kept == kernel.kept:
        return ("Its net.ipv4.tcp_max_tw_buckets does the same.", "它的 net.ipv4.tcp_max_tw_buckets 作用相同。")
    return (f"It keeps {kernel.kept} (net.ipv4.tcp_max_tw_buckets), xtcp {xtcp.kept}.",
            f"它保留 {kernel.kept} 个（net.ipv4.tcp_max_tw_buckets），xtcp 保留 {xtcp.kept} 个。")
