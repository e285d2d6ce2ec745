from lab import experiment, shown

LIMIT, FLOOD, CLIENTS = 16, 200, 3


def flood(lab):
    """SYNs of hosts that do not exist, and honest clients meanwhile: how long these need, or their error."""
    lab.set(max_syn_backlog=LIMIT, synack_retries=2, syn_retries=3)
    lab.lose("SYN-ACK", sender="server", times=FLOOD)  # they go nowhere
    lab.listen(backlog=LIMIT)
    for number in range(FLOOD):
        lab.inject("server", "SYN", 77 * number, 0, 20000 + number)
    lab.cable.rules.clear()
    lab.lose("RST", sender="client")
    half_open = len(lab.table("server", "SYN_RCVD"))
    honest, number = [], FLOOD
    for _ in range(CLIENTS):
        client = lab.socket().begin()
        while not lab.until(client_is_done(client), 0.1) and lab.now - client.began_s < 10:
            for _ in range(5):  # the flood goes on
                lab.inject("server", "SYN", 77 * number, 0, 20000 + number)
                number += 1
        lab.note("client", "connected" if connected(client) else "not connected")
        honest.append((connected(client), lab.now - client.began_s))
    return half_open, honest


def connected(client):
    return client.info()["state"] == 1


def client_is_done(client):
    return lambda: connected(client)


@experiment(questions=[40], rfc="RFC 4987 2", zh="SYN 洪水：没有 cookie 会怎样？")
def run(lab):
    """A SYN flood: what happens without cookies?"""
    lab.set(syncookies=0)
    half_open, honest = flood(lab)
    came_in = [took for ok, took in honest if ok]
    cookies = lab.knob("syncookies", "server")
    lab.true("the queue is full, and no fuller", 0 < half_open <= LIMIT + 1, half_open)
    lab.true("honest clients do not come in at once", cookies or not all(took < 0.5 for took in came_in)
             or len(came_in) < CLIENTS, str(came_in))
    lab.answer(
        f"""{FLOOD} SYNs of hosts that do not exist hold the {half_open} places there are, and whenever one is free the
        next takes it. Of {CLIENTS} honest clients {len(came_in)} came in
        {"(after " + shown(*came_in) + " s)" if came_in else ""} in 10 s each. It costs the attacker a small packet for each
        place.""",
        f"""{FLOOD} 个来自不存在主机的 SYN 占满了全部 {half_open} 个位置，一有空位又被占去。{CLIENTS} 个正常客户端各等 10 秒，连上了 {len(came_in)} 个。攻击者每占一个位置只需一个小包。""")
