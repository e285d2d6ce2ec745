from lab import experiment, shown


@experiment(questions=[45], rfc="RFC 9293 3.5.2, 3.10.7.1", zh="连接没有人监听的端口会怎样？")
def run(lab):
    """What happens where nobody listens?"""
    client = lab.socket()
    error = client.connect()

    syn, rst = lab.sent()
    lab.check("the answer to the SYN", "RST-ACK", rst.segment.flags)
    lab.check("its number", 0, rst.segment.seq)
    lab.check("it acknowledges the SYN", (syn.segment.seq + 1) % 2**32, rst.segment.ack)
    lab.check("connect() fails with", "ECONNREFUSED", error)
    lab.check("after a round trip (s)", 2 * lab.one_way, client.returned_s)
    lab.check("the client's states", ["SYN_SENT", "CLOSED"], lab.walk(client))
    lab.answer(f"A RST with number 0 that acknowledges the SYN; connect() fails with {error} after "
               f"{shown(client.returned_s)} s, a round trip. It is not tried again.",
               f"对方回 RST（序号 0，确认该 SYN）；connect() 在 {shown(client.returned_s)} 秒（一个往返）后返回 {error}，不再重试。")
