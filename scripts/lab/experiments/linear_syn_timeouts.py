from lab import experiment, shown


@experiment(questions=[20], rfc="RFC 9293 3.8.3, RFC 6298 5.5", zh="SYN 的前几次重发不加倍会怎样？")
def run(lab):
    """What if the first timeouts of a SYN do not double?"""
    lab.set(syn_linear_timeouts=4)
    lab.lose("SYN")
    lab.listen()
    client = lab.socket()
    error = client.connect()

    times, end = lab.schedule("syn_retries", "syn_linear_timeouts")
    syns = [syn.s for syn in lab.sent("client", "SYN")]
    lab.check("SYNs go out at (s)", times, syns)
    lab.check("connect() fails at (s)", end, client.returned_s)
    lab.check("with", "ETIMEDOUT", error)
    lab.figures.syns, lab.figures.end = len(syns), client.returned_s
    linear = lab.knob("syn_linear_timeouts")
    lab.answer(
        f"""{linear} more tries go out first, {shown(lab.knob("rto_init_ms") / 1000)} s apart, then timeouts double:
        {shown(*syns)} s; {error} at {shown(client.returned_s)} s. A lost SYN is repeated sooner, at the price of
        more segments to one who is not there; RFC 6298 5.5 wants each timeout doubled.""",
        f"""先以 {shown(lab.knob("rto_init_ms") / 1000)} 秒间隔多试 {linear} 次，之后才加倍：{shown(*syns)} 秒，
        {shown(client.returned_s)} 秒时 {error}。丢失的 SYN 重发得更早，代价是向不在的主机多发几段；RFC 6298 5.5 要求每次加倍。""")


def beside(xtcp, kernel):
    return (f"It has the same knob, 4 by default since Linux 6.5, and 6 retries where xtcp has 5: {kernel.syns} "
            f"SYNs, ETIMEDOUT after {shown(kernel.end)} s (xtcp: {xtcp.syns}, {shown(xtcp.end)} s). SYN-ACKs cannot "
            "have such timeouts there; xtcp has synack_linear_timeouts.",
            f"它有同样的参数，自 Linux 6.5 起默认为 4，重试 6 次（xtcp 为 5 次）：{kernel.syns} 个 SYN，{shown(kernel.end)} 秒后 ETIMEDOUT"
            f"（xtcp：{xtcp.syns} 个，{shown(xtcp.end)} 秒）。它的 SYN-ACK 不能这样，xtcp 有 synack_linear_timeouts。")
