from lab import experiment, shown

PORTS = (40001, 40002, 40003)


def old_syns(lab):
    """The SYNs of clients that are gone; RSTs of their host are lost, as if it were off."""
    lab.lose("any", sender="client")
    lab.listen()
    for port in PORTS:
        lab.socket(port=port).begin().close()
    syns = lab.sent("client", "SYN")
    for syn in syns:
        lab.replay(syn)
    return syns


@experiment(questions=[11, 12, 13], rfc="RFC 9293 3.5", zh="如果只有两次握手，旧的 SYN 会造成什么？", kernel=False)
def run(lab):
    """What would an old SYN do if the handshake had two segments?"""
    lab.set(side="server", handshake_ways=2)
    syns = old_syns(lab)
    lab.settle()
    zombies = [lab.accept(1) for _ in PORTS]
    first = lab.state_times("server", zombies[0])
    began = lab.now
    zombies[0].send(b"text for nobody")
    lab.wait(3600)

    _, given_up = lab.schedule("retries2", first_ms=lab.knob("rto_init_ms", "server"), side="server")
    states = [lab.walk(zombie)[-1] for zombie in zombies]
    lab.check("accepted connections of clients that are gone", len(PORTS), len(zombies))
    lab.check("ESTABLISHED on SYN (s)", [syns[0].s, "ESTABLISHED"], list(first[-1]))
    lab.check("an hour later", ["CLOSED", "ESTABLISHED", "ESTABLISHED"], states)
    ended = lab.since(zombies[0])["CLOSED"]
    lab.check("the one that text was sent into ends after retries2 (s)", given_up, ended - began)
    sent = len(lab.sent("server", "data"))
    lab.answer(
        f"""Each of {len(PORTS)} old SYNs gives the server a connection that nobody wants, at once, and accept()
        returns it. Text sent into one is sent {sent} times, until {shown(ended - began)} s later; those that only
        wait are still ESTABLISHED after an hour. When the SYN comes the server has nothing to compare it with, so
        no context can tell that it is old. With three segments none would have been accepted.""",
        f"""{len(PORTS)} 个旧 SYN 各让服务端立刻得到一个没人要的连接，accept() 也返回了它。往其中一个发数据要重发共 {sent} 次，{shown(ended - began)} 秒后才放弃；
        只等待的那些一小时后仍是 ESTABLISHED。SYN 到达时服务端没有任何可比较的上下文，无法判断它是旧的。三次握手则一个也不会被接受。""")
