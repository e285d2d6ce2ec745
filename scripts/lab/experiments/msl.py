from lab import experiment, shown

SHORT_MS = 1000


@experiment(questions=[34, 31], rfc="RFC 9293 3.4.2", zh="缩短 msl_ms 有什么收益和风险？", kernel=False)
def run(lab):
    """What does a shorter MSL gain, and what does it risk?"""
    # The kernel's TCP has 60 s compiled in: time-wait-2msl shows them.
    lab.set(side="client", msl_ms=SHORT_MS)
    lab.listen()
    msl = lab.knob("msl_ms") / 1000
    late_ms = 2500 * msl  # longer than TIME_WAIT
    lab.duplicate("FIN", late_ms, sender="server", times=1)
    client, server = lab.life(40000)
    lab.wait(late_ms / 1000 + 1)

    fin, = lab.sent("server", "FIN")
    late_s = lab.seconds(fin.arrivals_ns[-1])
    answer, moments = [t for t in lab.sent("client") if t.s >= late_s], lab.since(client)
    waited = moments["CLOSED"] - moments["TIME_WAIT"]
    lab.check("TIME_WAIT lasts 2 x msl_ms (s)", 2 * msl, waited)
    lab.check("the four numbers are free then", "", lab.socket(port=40000).connect())
    lab.check("a FIN that is in the network longer than that is answered by", ["RST"],
              [t.segment.flags for t in answer])
    lab.figures.end = lab.since(server)["CLOSED"]
    lab.answer(
        f"""With msl_ms={lab.knob("msl_ms")} TIME_WAIT lasts {shown(waited)} s, and the same four numbers are free
        after it. It is a promise about the network: a copy of the FIN that took {shown(late_ms / 1000)} s found
        nobody and was answered by {answer[0].segment.flags if answer else "nothing"}; a copy of text would have
        found the next life (why-2msl).""",
        f"""msl_ms={lab.knob("msl_ms")} 时 TIME_WAIT 只有 {shown(waited)} 秒，之后同一四元组即可再用。但这是对网络的承诺：一份走了
        {shown(late_ms / 1000)}秒的 FIN 副本找不到连接，得到 {answer[0].segment.flags if answer else "沉默"}；若是数据的副本，就会闯入下一个连接（见
        why-2msl）。""")
