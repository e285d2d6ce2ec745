from lab import experiment, shown


@experiment(questions=[20], rfc="RFC 9293 3.8.3, RFC 6298 5.5", zh="第一次握手的报文段丢失会怎样？")
def run(lab):
    """What happens when the first segment of the handshake is lost?"""
    lab.lose("SYN")  # every one
    lab.listen()
    client = lab.socket()
    error = client.connect()

    times, end = lab.schedule("syn_retries", "syn_linear_timeouts")
    syns = lab.sent("client", "SYN")
    lab.check("SYNs go out at (s)", times, [syn.s for syn in syns])
    lab.check("all with the same sequence number", 1, len({syn.segment.seq for syn in syns}))
    lab.check("connect() fails at (s)", end, client.returned_s)
    lab.check("with", "ETIMEDOUT", error)
    lab.check("the client's states", ["SYN_SENT", "CLOSED"], lab.walk(client))
    lab.figures.times, lab.figures.end = [syn.s for syn in syns], client.returned_s
    again = shown(*lab.figures.times[1:])
    lab.answer(
        f"""The client sends the same SYN again after {again} s and gives up with {error} at
        {shown(client.returned_s)} s.""",
        f"""客户端在 {again} 秒时重发同一个 SYN，到 {shown(client.returned_s)} 秒时放弃，connect() 返回 {error}。""")


def beside(_, kernel):
    late_ms = (kernel.times[1] - 1) * 1000
    return (f"Its timer wheel is coarse: its first SYN is repeated {late_ms:.0f} ms late; and its first timeouts "
            f"do not double ({shown(*kernel.times)} s), which RFC 6298 5.5 wants. It gives up after "
            f"{shown(kernel.end)} s; xtcp is exact.",
            f"它的定时轮粒度粗，首次重发晚了 {late_ms:.0f} 毫秒；开头几次超时不加倍（{shown(*kernel.times)} 秒），"
            f"而 RFC 6298 5.5 要求每次加倍。它在 {shown(kernel.end)} 秒放弃；xtcp 准时。")
