from lab import experiment, shown

PORTS = 10


@experiment(questions=[33], rfc="RFC 9293 3.4.2, RFC 6056 3.2", zh="客户端 TIME_WAIT 过多有什么危害？")
def run(lab):
    """What harm do many TIME_WAITs do at a client?"""
    lab.set(side="client", tw_reuse=0)
    with lab.host("client") as host:
        host.sysctl("net/ipv4/ip_local_port_range", f"40000 {40000 + PORTS - 1}")
    lab.listen()
    lives = [lab.life()[0] for _ in range(PORTS)]
    waiting = len(lab.table("client", "TIME_WAIT"))
    refused = lab.socket().connect()
    double = 2 * lab.knob("msl_ms") / 1000
    lab.wait(1.1 * double)
    lab.look()
    again = lab.socket().connect()

    first = lab.since(lives[0])
    all_wait = lab.knob("max_tw") >= PORTS
    lab.check("TIME_WAITs", min(PORTS, lab.knob("max_tw")), waiting)
    lab.true("ports used, each once", not all_wait or len({life.port for life in lives}) == PORTS)
    lab.check("the next connect()", "EADDRNOTAVAIL" if all_wait else "", refused)
    lab.check("the first port is free after 2 MSL (s)", double, first["CLOSED"] - first["TIME_WAIT"])
    lab.check("connect() then", "", again)
    lab.figures.held = first["CLOSED"] - first["TIME_WAIT"]
    rate = PORTS / lab.figures.held
    lab.answer(
        f"""Ports run out. Of {PORTS} ports each was used for one short connection; the next connect() to that
        server fails with {refused}, until the first TIME_WAIT ends after {shown(lab.figures.held)} s. So it makes
        {rate:.2g} connections a second at most; with the usual 28,232 ports, {28232 / lab.figures.held:.0f}.""",
        f"""端口会用完。{PORTS} 个端口各用于一次短连接后，再向该服务器 connect() 就返回 {refused}，直到第一个 TIME_WAIT 在 {shown(lab.figures.held)} 秒后结束。
        所以每秒最多 {rate:.2g} 个连接；按常见的 28232 个端口，每秒约 {28232 / lab.figures.held:.0f} 个。""")


def beside(xtcp, kernel):
    return (f"Its ports are held for {shown(kernel.held)} s, which no knob changes; xtcp's for "
            f"{shown(xtcp.held)} s, 2 x msl_ms. RFC 9293 3.4.2 leaves MSL to the implementer.",
            f"它的端口被占 {shown(kernel.held)} 秒，没有参数可调；xtcp 为 {shown(xtcp.held)} 秒（2 × msl_ms）。RFC 9293 3.4.2 "
            "允许实现自选 MSL。")
