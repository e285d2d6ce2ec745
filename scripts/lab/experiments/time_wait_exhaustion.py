from lab import experiment

PORTS = 8


@experiment(questions=[33, 34], rfc="RFC 9293 3.4.2, RFC 6191", zh="TIME_WAIT 耗尽的究竟是什么？怎样缓解？")
def run(lab):
    """What is it that TIME_WAITs exhaust, and what relieves it?"""
    lab.set(side="client", tw_reuse=0)
    with lab.host("client") as host:
        host.sysctl("net/ipv4/ip_local_port_range", f"40000 {40000 + PORTS - 1}")
    other = lab.listen(port=81)
    lab.listen()
    for _ in range(PORTS):
        lab.life()
    refused = lab.socket().connect()
    elsewhere = lab.socket().connect(port=other.port)
    age_s = lab.knob("tw_reuse_delay_ms") / 1000
    lab.wait(age_s + 0.01)
    lab.set(side="client", tw_reuse=1)
    relieved = lab.socket().connect()

    works = lab.knob("tw_reuse") == 1 and lab.knob("timestamps") > 0
    over = 2 * lab.knob("msl_ms") / 1000 < age_s
    all_wait = lab.knob("max_tw") >= PORTS
    lab.check("connect() when all ports have been used for that server", "EADDRNOTAVAIL" if all_wait else "", refused)
    lab.check("to another port of the server", "", elsewhere)
    lab.check("to the first, with tw_reuse", "" if works or over or not all_wait else "EADDRNOTAVAIL", relieved)
    outcome = "works", "成功"
    lab.answer(
        f"""Not ports: fours of numbers. With {PORTS} ports in TIME_WAIT towards one server's port, connect()
        there fails with {refused}, while to the port beside it {outcome[0]}, from the same ports. tw_reuse=1
        relieves it: connect() {relieved or outcome[0]}, as timestamps tell the new life from the old (RFC 6191).""",
        f"""耗尽的不是端口，而是四元组。{PORTS} 个端口都对同一服务端口处于 TIME_WAIT 时，connect() 返回 {refused}；而连旁边的另一端口用同样的本地端口即可{outcome[1]}。
        tw_reuse=1 可缓解：connect() {relieved or outcome[1]}，因为时间戳能区分新旧连接（RFC 6191）。""")
