from lab import experiment, shown

OCTETS = 200000


@experiment(questions=[34, 45], rfc="RFC 9293 3.9.1.5, 3.10.5", zh="SO_LINGER 0 关闭有什么收益和风险？")
def run(lab):
    """What does closing with SO_LINGER 0 gain, and what does it cost?"""
    client, server = lab.pair()
    client.pour(b"x" * OCTETS)
    lab.wait(2 * lab.one_way)  # the first window is acknowledged
    start = lab.now
    client.abort()
    lab.wait(1)
    received = server.receive_all()
    states = lab.walk(client)

    rst = lab.sent("client", "RST")[0]  # more answer what still comes
    lab.check("a RST goes out at once (s)", start, rst.s)
    lab.check("no FIN", 0, len(lab.sent("client", "FIN")))
    lab.check("the client's states", ["SYN_SENT", "ESTABLISHED", "CLOSED"], states)
    lab.check("TIME_WAITs", 0, len(lab.table("client", "TIME_WAIT")))
    lab.check("the server's program gets", "ECONNRESET", server.error)
    lab.true("and not all of the text", len(received) < OCTETS, len(received))
    lab.check("the same four numbers can begin again", "", lab.socket(port=client.port).connect())
    lab.figures.read = len(received)
    lab.answer(
        f"""close() sends RST at once, at {shown(rst.s)} s, and the client is CLOSED without TIME_WAIT: its port
        is free. But what was not acknowledged is thrown away at both ends: of {OCTETS} octets the server's
        program read {len(received)}, then {server.error}.""",
        f"""close() 立即（{shown(rst.s)} 秒）发出 RST，客户端直接 CLOSED，没有 TIME_WAIT，端口马上可用。但未确认的数据在两端都被丢弃：{OCTETS} 字节中服务端程序只读到
        {len(received)} 字节，然后是 {server.error}。""")


def beside(xtcp, kernel):
    return (f"Its server's program reads {kernel.read} octets, xtcp's {xtcp.read}, before the error.",
            f"它的服务端程序在出错前读到 {kernel.read} 字节，xtcp 为 {xtcp.read} 字节。")
