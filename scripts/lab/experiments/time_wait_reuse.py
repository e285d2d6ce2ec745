from lab import experiment, shown


@experiment(questions=[34], rfc="RFC 6191, RFC 9293 3.6.1", zh="tw_reuse 怎样重用 TIME_WAIT，有什么风险？")
def run(lab):
    """How does tw_reuse shorten TIME_WAIT, and what does it risk?"""
    lab.set(side="client", tw_reuse=1)
    lab.listen()
    age_s = lab.knob("tw_reuse_delay_ms") / 1000
    lab.life(40000)
    old_ack = lab.sent("client")[-1]
    early = lab.socket(port=40000).connect()
    lab.wait(age_s)
    again = lab.socket(port=40000)
    error = again.connect()

    syn = lab.sent("client", "SYN")[-1].segment
    stamps = [t.segment.options.get("timestamps", [0])[0] for t in (old_ack, lab.sent("client", "SYN")[-1])]
    reuses = lab.knob("tw_reuse") == 1 and lab.knob("timestamps") > 0
    over = 2 * lab.knob("msl_ms") / 1000
    lab.check("connect() from the same port at once", "EADDRNOTAVAIL" if age_s and over > 0.1 else "", early)
    lab.check(f"and after {shown(age_s)} s", "" if reuses or age_s > over else "EADDRNOTAVAIL", error)
    if reuses and age_s < over and not error:
        lab.true("its timestamp is later than the old life's", 0 < (stamps[1] - stamps[0]) % 2**32 < 2**31)
        ahead = (syn.seq - old_ack.segment.seq) % 2**32
        lab.check("its number is beyond any window of the old life", 65535 + 2, ahead)
    lab.figures.early = early or "works"
    lab.answer(
        f"""With tw_reuse=1 connect() takes over a TIME_WAIT that is {shown(age_s)} s old instead of {shown(over)}
        s (at once: {early}): the new SYN's number is beyond the old window and its timestamp is later, so that
        both ends can tell the lives apart. The risk is that of timestamps: without them (or where a device strips
        them) it must not be done.""",
        f"""tw_reuse=1 时 connect() 可接管已有 {shown(age_s)} 秒的 TIME_WAIT，而不必等 {shown(over)} 秒（立即去接管：{early}）：新 SYN的序号在旧窗口之
        外，时间戳也更新，两端都能区分新旧。风险全在时间戳：没有时间戳（或被中间设备去掉）时不可如此。""")


def beside(xtcp, kernel):
    return (f"There connect() from a bound port at once: {kernel.early} (xtcp: {xtcp.early}): a TIME_WAIT of "
            f"the same "
            "second is taken over too. Its timestamps tell the lives apart; RFC 6191 asks for a later one, which a "
            "delay makes sure of.",
            f"在那里，绑定端口后立即 connect()：{kernel.early}（xtcp：{xtcp.early}），同一秒内的 TIME_WAIT 也会被接管。RFC 6191 要求时间戳更新，"
            "延迟能保证这一点。")
