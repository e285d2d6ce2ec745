from lab import experiment, shown

LIMIT = 4


@experiment(questions=[39], rfc="RFC 4987 2, 3.2", zh="半连接队列满了会怎样？")
def run(lab):
    """What happens when the queue of half-open connections is full?"""
    lab.set(max_syn_backlog=LIMIT, syncookies=0, synack_retries=1)
    lab.lose("RST", sender="client")  # the hosts that those SYNs name do not exist
    lab.listen(backlog=LIMIT)
    for number in range(LIMIT + 2):
        lab.inject("server", "SYN", 1000 * number, 0, 50000 + number)
    lab.settle()
    full = len(lab.table("server", "SYN_RCVD"))
    client = lab.socket()
    error = client.connect()

    tries = [t.s for t in lab.sent("client", "SYN")]
    lab.true("some of the half-open connections are kept, not all", 0 < full <= LIMIT + 1, full)
    lab.check("connect()", "", error)
    lab.true("not at its first try", len(tries) > 1, len(tries))
    lab.answer(
        f"""Of {LIMIT + 2} SYNs that nobody completes {full} are kept; then the SYN of an honest client is dropped
        without a word, as if it had been lost. It repeats it, and is let in
        {shown(client.returned_s - client.began_s)} s later, when the oldest of the others, whose SYN-ACK had gone
        out again, made room (RFC 4987 3.4). With syncookies=1 it would not have waited.""",
        f"""{LIMIT + 2} 个无人完成的 SYN 中保留了 {full} 个；之后正常客户端的 SYN 被悄悄丢弃，如同在途中丢失。它重发，
        {shown(client.returned_s - client.began_s)} 秒后最旧的、SYN-ACK 已重发过的半连接让出位置时才连上。若 syncookies=1 则无需等待。""")
