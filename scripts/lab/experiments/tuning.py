from lab import experiment, shown

SYN_MS, MSL_MS, CWND, DELACK_MS = 200, 1000, 40, 10
TEXT = 50000


def lost_syn(lab):
    """How long connect() takes whose first SYN is lost."""
    rule = lab.lose("SYN", sender="client", times=1)
    client = lab.socket()
    client.connect()
    lab.forget(rule)
    lab.accept()
    return client.returned_s - client.began_s


def download(lab):
    """How long a new connection takes for some tens of kilobytes."""
    client = lab.socket()
    client.connect()
    server = lab.accept()
    server.drain()
    start = lab.now
    client.pour(b"x" * TEXT)
    lab.until(lambda: len(server.received) == TEXT)
    return lab.now - start


def waits(lab):
    """How long the port of a connection is held that this end closed."""
    client, _ = lab.life()
    lab.wait(2.2 * lab.knob("msl_ms") / 1000)
    moments = lab.since(client)
    return moments["CLOSED"] - moments["TIME_WAIT"]


def lone_text(lab):
    """How long a short text waits for its ACK, when nobody answers."""
    client = lab.socket()
    client.connect()
    server = lab.accept()
    for _ in range(20):  # the first ACKs are quick
        client.send(b"x")
        server.receive(1)
        lab.wait(0.5)
    data, ack = lab.sent("client", "data")[-1], lab.sent("server", "ACK")[-1]
    return ack.s - data.arrived_s


@experiment(questions=[46, 34], rfc="RFC 6298 2.1, RFC 6928, RFC 9293 3.4.2, 3.8.6.3", zh="如何调优 TCP？", kernel=False)
def run(lab):
    """What can be tuned, and what does it cost?"""
    # Of these the kernel's TCP lets one set none without a route, a program or another kernel.
    lab.set(wmem_default=1 << 20, rmem_default=1 << 20)
    lab.listen()
    before = {name: measure(lab) for name, measure in MEASURES.items()}
    for name, value in (("rto_init_ms", SYN_MS), ("initial_cwnd", CWND), ("msl_ms", MSL_MS), ("delack_ms", DELACK_MS)):
        lab.set(**{name: value})
    after = {name: measure(lab) for name, measure in MEASURES.items()}

    rtt = 2 * lab.one_way
    lab.check("a lost SYN costs rto_init_ms (s)", lab.knob("rto_init_ms") / 1000 + rtt, after["rto_init_ms"])
    lab.check("TIME_WAIT lasts 2 x msl_ms (s)", 2 * lab.knob("msl_ms") / 1000, after["msl_ms"])
    lab.check("a lone text is acknowledged after delack_ms (s)", lab.knob("delack_ms", "server") / 1000,
              after["delack_ms"])
    lab.true("initial_cwnd saves round trips", "initial_cwnd" in lab.settings or
             after["initial_cwnd"] < before["initial_cwnd"] - rtt / 2, after["initial_cwnd"])
    told = {name: f"{shown(before[name])} -> {shown(after[name])} s" for name in MEASURES}
    lab.answer(
        f"""rto_init_ms, a lost SYN: {told["rto_init_ms"]} (costs SYNs in vain where paths are longer).
        initial_cwnd, {TEXT // 1000} kB: {told["initial_cwnd"]} (bursts at a narrow link). msl_ms, a port held:
        {told["msl_ms"]} (old segments that live longer get in). delack_ms, a lone text: {told["delack_ms"]} (more
        ACKs). What each needs is known of the path: measure, change one, measure again.""",
        f"""rto_init_ms（SYN 丢失）：{told["rto_init_ms"]}（路径更长时会白发 SYN）。initial_cwnd（{TEXT // 1000} kB）：
        {told["initial_cwnd"]}（窄链路上会突发）。msl_ms（端口占用）：{told["msl_ms"]}（活得更久的旧段会混入）。delack_ms（单个小数据）：
        {told["delack_ms"]}（ACK 更多）。先测量，只改一个，再测量。""")


MEASURES = {"rto_init_ms": lost_syn, "initial_cwnd": download, "msl_ms": waits, "delack_ms": lone_text}
