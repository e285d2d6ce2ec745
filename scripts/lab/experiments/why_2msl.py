from lab import experiment, shown

TCP_CORK = 3
LIFE = 0.9  # of an MSL: how long the last ACK and the last FIN are under way


def repeats(lab, network_msl):
    """When the last text is sent again before its ACK arrives."""
    rto_ms = max(lab.knob("rto_min_ms", "server"), 6000 * lab.one_way)
    times, _ = lab.schedule("orphan_retries", first_ms=rto_ms, side="server")
    return [t for t in times if 0 < t < LIFE * network_msl]


def old_life(lab, port, network_msl):
    """A life whose last ACK takes its time, and so does the FIN, with text, that comes again just before it arrives."""
    again = repeats(lab, network_msl)
    rules = [lab.delay("ACK", LIFE * network_msl * 1000, sender="client", skip=1, times=1),
             lab.delay("FIN", LIFE * network_msl * 1000, sender="server", skip=len(again), times=1),
             lab.lose("FIN", sender="server", skip=1, times=max(len(again) - 1, 0))]
    client = lab.socket(port=port)
    client.connect()
    server = lab.accept()
    client.shutdown()
    server.receive_all()
    server.option(6, TCP_CORK, 1)  # text and FIN in one segment
    server.send(b"OLD TEXT")
    server.close()
    client.receive_all()
    client.close()
    return client, rules


def both_lives(lab, port, network_msl, msl_ms):
    """What the second life's program reads that the server never sent in it."""
    lab.write_knob("msl_ms", msl_ms, "client")  # also where the user set it: it is what differs here
    client, rules = old_life(lab, port, network_msl)
    while lab.table("client", "TIME_WAIT"):
        lab.wait(network_msl / 20)
    waited = lab.since(client)
    second = lab.socket(port=port)
    error = second.connect()
    lab.accept()
    second.send(b"?")
    for rule in rules:
        lab.forget(rule)
    second.drain()
    lab.wait(2 * network_msl)
    late = [t.arrived_s for t in lab.sent("server", "FIN") if t.segment.destination_port == port and t.arrived_s]
    return error, bytes(second.received), (late[-1] - late[0]) / network_msl, waited["CLOSED"] - late[0]


@experiment(questions=[31], rfc="RFC 9293 3.4.2, 3.6.1", zh="为什么是 2MSL，只等 1MSL 会怎样？", kernel=False)
def run(lab):
    """Why two MSL: what gets in when TIME_WAIT lasts only one?"""
    # The kernel's TCP has 60 s compiled in, and no constant ISN.
    lab.set(isn_mode="constant", timestamps=0)  # so that nothing but TIME_WAIT protects
    network_msl = lab.knob("msl_ms") / 1000
    lab.listen()
    results = {}
    for factor, port in ((2, 40000), (1, 40001)):
        results[factor] = both_lives(lab, port, network_msl, int(network_msl * 500 * factor))
    when = LIFE + repeats(lab, network_msl)[-1] / network_msl
    for factor, (_, _, late, waited) in results.items():
        lab.check(f"TIME_WAIT of {factor} MSL: the last copy is so late (MSL)", when, late)
        lab.true("TIME_WAIT ends behind it, or before", (waited > late * network_msl) == (factor == 2), waited)
    lab.check("connect() after TIME_WAIT", ["", ""], [results[2][0], results[1][0]])
    lab.check("octets of the old life read in the next, TIME_WAIT of 2 MSL", "", results[2][1].decode())
    lab.check("and of 1 MSL", "OLD TEXT", results[1][1].decode())
    lab.answer(
        f"""Segments live up to {shown(network_msl)} s here. The last ACK took {LIFE:g} of that, so the other end
        repeated its last text and FIN until then, and that copy took as long again: it arrived
        {results[1][2]:.2f} MSL after the first. With TIME_WAIT of 2 MSL it died in it; with 1 MSL the next life
        of the same four numbers had begun, and its program read "{results[1][1].decode()}".""",
        f"""这里报文段最长存活 {shown(network_msl)} 秒。最后的 ACK 走了 {LIFE:g} 个 MSL，对端在此之前一直重发最后的数据和 FIN，那个副本又走了同样久，比第一份晚
        {results[1][2]:.2f}个 MSL 才到。TIME_WAIT 为 2MSL 时它死在其中；只有 1MSL 时同一四元组的下一个连接已经开始，程序读到了“
        {results[1][1].decode()}”。""")
