from lab import experiment, shown

LIMIT, FLOOD, CLIENTS = 16, 200, 3


def some_more(lab, numbers):
    """The flood goes on: as many SYNs in a tenth of a second as there are places."""
    for number in numbers:
        lab.inject("server", "SYN", 77 * number, 0, 20000 + number % 20000)


def flood(lab):
    """SYNs of hosts that do not exist, and honest clients meanwhile: which came in, and when."""
    lab.set(max_syn_backlog=LIMIT, synack_retries=2, syn_retries=3)
    lab.lose(lambda segment: segment.destination_port < 40000, sender="server")  # they go nowhere
    lab.listen(backlog=LIMIT)
    for number in range(FLOOD):
        lab.inject("server", "SYN", 77 * number, 0, 20000 + number)
    half_open = len(lab.table("server", "SYN_RCVD"))
    honest, number = [], FLOOD
    for client_port in range(50000, 50000 + CLIENTS):
        client, ends = None, lab.now + 10
        while lab.now < ends and not (client and connected(client)):
            some_more(lab, range(number, number + LIMIT + 4))
            number += LIMIT + 4
            lab.until(lambda client=client: client and connected(client), 0.1)
            if not client and ends - lab.now < 9.5:
                client = lab.socket(port=client_port).begin()
        honest.append((connected(client), lab.now - client.began_s))
    return half_open, honest


def connected(client):
    return client.info()["state"] == 1


@experiment(questions=[40], rfc="RFC 4987 2", zh="SYN 洪水：没有 cookie 会怎样？")
def run(lab):
    """A SYN flood: what happens without cookies?"""
    lab.set(syncookies=0)
    half_open, honest = flood(lab)
    came_in = [took for ok, took in honest if ok]
    evicted = len(lab.sent("server", "SYN-ACK")) - len(lab.table("server", "SYN_RCVD")) - len(came_in)
    lab.true("the queue is full, and no fuller", 0 < half_open <= LIMIT + 1, half_open)
    lab.check("honest clients come in, for whoever did not answer makes room", CLIENTS, len(came_in))
    lab.true("the first of them not at once", came_in and came_in[0] > 4 * lab.one_way, str(came_in))
    lab.figures.came_in = came_in
    lab.answer(
        f"""{FLOOD} SYNs of hosts that do not exist hold the {half_open} places there are, and {LIMIT + 4} more come
        each tenth of a second. Who asks then is dropped; but a half-open connection that did not answer in time
        makes room, the sooner the worse the flood, so {len(came_in)} of {CLIENTS} near clients came in, after
        {shown(*came_in)} s. One farther away than that patience would not. And memory and work go to the flood:
        {evicted} SYN-ACKs in vain.""",
        f"""{FLOOD} 个来自不存在主机的 SYN 占满了全部 {half_open} 个位置，此后每 0.1 秒又来 {LIMIT + 4} 个，再来的 SYN 被丢弃。但迟迟不答的半连接会让出位置，洪水越猛
        越快，所以 {CLIENTS} 个近处的客户端连上了 {len(came_in)} 个（{shown(*came_in)} 秒）；更远的就来不及。而且内存和工作都耗在洪水上：
        {evicted} 个 SYN-ACK 白发了。""")


def beside(xtcp, kernel):
    return (f"There {len(kernel.came_in)} of {CLIENTS} came in within 10 s each (xtcp: "
            f"{len(xtcp.came_in)}): it drops who comes while its queue is full, and without cookies "
            "keeps a quarter of it for peers that it knows. RFC 4987 3.4 names taking the place of the oldest.",
            f"它那里 {CLIENTS} 个中在各 10 秒内连上 {len(kernel.came_in)} 个（xtcp 为 {len(xtcp.came_in)} 个）："
            "队列满时它丢弃后来的，且不用 cookie 时留四分之一给已知的对端。RFC 4987 3.4 提到可以淘汰最旧的。")
