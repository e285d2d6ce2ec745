from lab import experiment, shown


@experiment(questions=[23], rfc="RFC 9293 3.5, figure 8", zh="双方同时打开会怎样？")
def run(lab):
    """What happens when both ends open at once?"""
    one, other = lab.socket("client", port=40000), lab.socket("server", port=50000)
    one.begin(50000)
    other.begin(40000)
    errors = [one.finish(), other.finish()]
    one.send(b"one")
    received = other.receive(3)
    lab.settle()

    opening = [t for t in lab.sent() if t.segment.has("SYN")]
    lab.check("segments of the handshake", ["SYN", "SYN", "SYN-ACK", "SYN-ACK"], [t.segment.flags for t in opening])
    states = ["SYN_SENT", "SYN_RCVD", "ESTABLISHED"]
    lab.check("states of one", states, lab.walk(one))
    lab.check("states of the other", states, lab.walk(other))
    lab.check("both connect() succeed", ["", ""], errors)
    lab.check("at (s)", [2 * lab.one_way] * 2, [one.returned_s, other.returned_s])
    lab.check("text arrives", b"one", received)
    lab.answer(
        f"""One connection, not two: {len(opening)} segments, SYN and SYN-ACK each way. Both go from SYN_SENT to
        SYN_RCVD to ESTABLISHED, after {shown(one.returned_s)} s; no listener was needed.""",
        f"""只有一条连接，不是两条：{len(opening)} 个报文段，两个方向各一个 SYN 和 SYN-ACK。双方都经 SYN_SENT、SYN_RCVD 到 ESTABLISHED，用时 
        {shown(one.returned_s)} 秒；不需要监听者。""")
