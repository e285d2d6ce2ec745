from lab import experiment, shown


@experiment(questions=[21], rfc="RFC 9293 3.8.3, RFC 6298 5.5", zh="第二次握手的报文段丢失会怎样？")
def run(lab):
    """What happens when the second segment of the handshake is lost?"""
    lab.lose("SYN-ACK")  # every one
    lab.listen()
    client = lab.socket()
    error = client.connect()
    lab.wait(300)

    syns, end = lab.schedule("syn_retries", "syn_linear_timeouts")
    once, gone = lab.schedule("synack_retries", "synack_linear_timeouts", side="server")
    # A half-open connection repeats its SYN-ACK by its own timer, and answers each SYN that comes again; when it is
    # gone, the next SYN begins another.
    answers, begin = [], None
    for arrival in (s + lab.one_way for s in syns):
        if begin is None or arrival > begin + gone:
            begin = arrival
            answers += [begin + s for s in once]
        else:
            answers.append(arrival)
    lab.check("SYNs go out at (s)", syns, [t.s for t in lab.sent("client", "SYN")])
    lab.check("connect() fails at (s)", end, client.returned_s)
    lab.check("with", "ETIMEDOUT", error)
    measured = [t.s for t in lab.sent("server", "SYN-ACK")]
    lab.check("SYN-ACKs go out at (s)", sorted(answers), measured)
    lab.figures.again = shown(*(t.s for t in lab.sent("client", "SYN")[1:3])), shown(*measured[1:3])
    lab.answer(
        f"""Both ends repeat, each by its own knob: the client its SYN ({len(syns) - 1} times, until {shown(end)} s,
        then {error}), the server its SYN-ACK ({len(once) - 1} times by its timer, half-open until
        {shown(begin + gone)} s), and it answers each SYN that comes again.""",
        f"""两端各按自己的参数重发：客户端重发 SYN（{len(syns) - 1} 次，到 {shown(end)} 秒放弃，{error}），服务端按定时器重发 SYN-ACK（{len(once) - 1} 次，
        半连接保留到 {shown(begin + gone)} 秒），并回应每个重复到来的 SYN。""")


def beside(_, kernel):
    return (f"Its SYNs come again after {kernel.again[0]} s (four timeouts without doubling), its SYN-ACKs after "
            f"{kernel.again[1]} s; RFC 6298 5.5 doubles the timeout. One timeout for both ends is compiled in.",
            f"它的 SYN 在 {kernel.again[0]} 秒重发（前四次超时不加倍），SYN-ACK 在 {kernel.again[1]} 秒重发；"
            "RFC 6298 5.5 要求加倍。两端的超时都编译时固定。")
