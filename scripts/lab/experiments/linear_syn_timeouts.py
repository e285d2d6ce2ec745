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
    linear = lab.knob("syn_linear_timeouts")
    lab.answer(
        f"""{linear} more tries go out first, {shown(lab.knob("rto_init_ms") / 1000)} s apart, then timeouts double:
        {shown(*syns)} s; {error} at {shown(client.returned_s)} s. A lost SYN is repeated sooner, at the price of
        more segments to one who is not there; RFC 6298 5.5 wants each timeout doubled.""",
        f"""先以 {shown(lab.knob("rto_init_ms") / 1000)} 秒间隔多试 {linear} 次，之后才加倍：{shown(*syns)} 秒，
        {shown(client.returned_s)} 秒时 {error}。丢失的 SYN重发得更早，代价是向不在的主机多发几段；RFC 6298 5.5 要求每次加倍。""")


def beside(_, _kernel):
    return ("It has the same knob, 4 by default since Linux 6.5; that of SYN-ACKs is compiled in as 0, xtcp has "
            "synack_linear_timeouts.",
            "它有同样的参数，自 Linux 6.5 起默认为 4；SYN-ACK 的则固定为 0，xtcp 有 synack_linear_timeouts。")
