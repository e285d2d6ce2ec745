from lab import experiment, shown

PAUSES = (1, 10, 60)  # s


def draw(lab, port):
    """The ISN of a connect() that is refused, and when it went out."""
    lab.socket(port=port).connect()
    syn = lab.sent("client", "SYN")[-1]
    return syn.s, syn.segment.seq


@experiment(questions=[17], rfc="RFC 9293 3.4.1, RFC 6528", zh="初始序号 ISN 是怎样产生的？")
def run(lab):
    """How is an initial sequence number drawn?"""
    if not lab.kernel:
        for side in ("client", "server"):
            lab.write_knob("isn_mode", "rfc6528", side)  # with another there is no question
    draws = [draw(lab, 40000)]
    for pause in PAUSES:
        lab.wait(pause)
        draws.append(draw(lab, 40000))
    other = draw(lab, 40001)

    tick_ns = lab.knob("isn_tick_ns")
    apart = [(b[1] - a[1]) % 2**32 for a, b in zip(draws, draws[1:])]
    ticks = [round((b[0] - a[0]) * 1e9 / tick_ns) % 2**32 for a, b in zip(draws, draws[1:])]
    wrong = [min((a - t) % 2**32, (t - a) % 2**32) for a, t in zip(apart, ticks)]
    lab.true("from one connection to the next of the same four numbers M went on by the time passed",
             max(wrong) * tick_ns < 1e6, f"{apart} for {ticks} ticks")
    drawn = (other[1] - draws[-1][1]) % 2**32
    passed = round((other[0] - draws[-1][0]) * 1e9 / tick_ns)
    lab.true("another port has another F", min((drawn - passed) % 2**32, (passed - drawn) % 2**32) > 1000, drawn)
    wrap_s = 2**32 * tick_ns / 1e9
    lab.figures.wrap_s = wrap_s
    lab.answer(
        f"""ISN = M + F: M is a clock of {tick_ns} ns a tick, F a hash of the four numbers and a secret. Connections
        of the same four numbers {shown(*PAUSES)} s apart began {", ".join(map(str, apart))} numbers apart, which is
        the time; another port began elsewhere, which none can guess. M wraps after {wrap_s / 3600:.2f} h.""",
        f"""ISN = M + F：M 是每 {tick_ns} 纳秒走一格的时钟，F 是四元组与密钥的散列。同一四元组相隔 {shown(*PAUSES)} 秒的连接，ISN 相
        差 {"、".join(map(str, apart))}，正是所过的时间；换一个端口就从别处开始，外人猜不到。M 每 {wrap_s / 3600:.2f} 小时回绕一次。""")


def beside(xtcp, kernel):
    return (f"Its clock ticks every 64 ns and wraps after {kernel.wrap_s:.0f} s, xtcp's after "
            f"{xtcp.wrap_s / 3600:.2f} h. RFC 9293 3.4.1 says about 4 us, so that numbers outlive "
            "segments.",
            f"它的时钟每 64 纳秒一格，{kernel.wrap_s:.0f} 秒回绕；xtcp 为 {xtcp.wrap_s / 3600:.2f} 小时。"
            "RFC 9293 3.4.1 建议约 4 微秒一格，使回绕慢于报文段消亡。")
