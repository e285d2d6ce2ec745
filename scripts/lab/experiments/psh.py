from lab import experiment

TEXT = 5000


@experiment(questions=[45], rfc="RFC 9293 3.9.1.2, 3.10.4", zh="PSH 标志有什么用？")
def run(lab):
    """What is PSH for?"""
    client, server = lab.pair()
    client.send(b"x" * TEXT)
    read = server.receive(TEXT)
    lab.settle()

    data = lab.sent("client", "data")
    pushed = [t.segment.has("PSH") for t in data]
    lab.check("octets read", TEXT, len(read))
    lab.check("of a single call the last segment alone has PSH", [False] * (len(data) - 1) + [True], pushed)
    lab.figures.pushed = sum(pushed)
    lab.answer(
        f"""It says: the sender has no more to say now, give what you have to the program. Of the {len(data)}
        segments of one call with {TEXT} octets the last has it. It marks no border: the reader got one stream, and
        systems of today hand over text as it comes.""",
        f"""它表示：发送方暂时没有更多数据了，请把已收到的交给程序。一次写入 {TEXT} 字节分成 {len(data)} 段，只有最后一段带 PSH。它不是消息边界：读到的仍是一条字节流，如今的系统收到数据就交
        付。""")


def beside(_, kernel):
    return (f"It sets PSH on {kernel.pushed} segments of the call: as soon as half of the largest window was written, "
            "so that the reader is never late. RFC 9293 3.9.1.2 asks for it on the last one; more of them do no harm.",
            f"它在这次调用的 {kernel.pushed} 个段上置 PSH：每写满最大窗口的一半就置一次，以免读者等待。RFC 9293 3.9.1.2 只要求最后一段；多置无害。")
