from lab import experiment

LIVES = 100


def slab_octets(name):
    """What one object of that cache takes."""
    with open(f"/sys/kernel/slab/{name}/slab_size", encoding="ascii") as file:
        return int(file.read())


@experiment(questions=[33], rfc="RFC 9293 3.6.1", zh="服务端 TIME_WAIT 过多有什么危害？")
def run(lab):
    """What harm do many TIME_WAITs do at a server?"""
    lab.listen(backlog=LIVES)
    for _ in range(LIVES):
        lab.life(closer="server")
    waiting = lab.table("server", "TIME_WAIT")
    error = lab.socket().connect()
    record, sock = [slab_octets(name) for name in
                    (("tw_sock_TCP", "TCP") if lab.kernel else ("xtcp_time_wait", "XTCP"))]

    expected = min(LIVES, lab.knob("max_tw", "server"))
    lab.check("TIME_WAITs of connections that the server closed first", expected, len(waiting))
    lab.check("all with its one port", {80} if waiting else set(), {row["port"] for row in waiting})
    lab.check("the next client", "", error)
    lab.true("one takes less than a tenth of a socket (octets)", record < sock / 10, record)
    lab.figures.record, lab.figures.sock = record, sock
    lab.answer(
        f"""It does not run out of ports: {len(waiting)} TIME_WAITs share its one port, as the clients' differ,
        and the next client connects. They take memory, {record} octets each ({sock} has a socket):
        {record * len(waiting) / 1000:g} kB here, {record:g} MB for a million.""",
        f"""端口不会用完：{len(waiting)} 个 TIME_WAIT 共用同一个端口（客户端各不相同），下一个客户端照样连上。它们占内存，每个 {record} 字节（一个套接字为 {sock} 字节）：这里共
        {record * len(waiting) / 1000:g} kB，一百万个则是 {record:g} MB。""")


def beside(xtcp, kernel):
    return (f"Its record takes {kernel.record} octets, xtcp's {xtcp.record}; a socket {kernel.sock} and {xtcp.sock}.",
            f"它的记录占 {kernel.record} 字节，xtcp 为 {xtcp.record}；套接字分别为 {kernel.sock} 和 {xtcp.sock} 字节。")
