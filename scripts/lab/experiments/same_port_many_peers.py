from lab import experiment

PEERS = 5


@experiment(questions=[4], rfc="RFC 9293 3.3.1, 3.4", zh="怎样唯一确定一个连接？")
def run(lab):
    """What tells one connection from another?"""
    lab.listen()
    pairs = []
    for _ in range(PEERS):
        client = lab.socket()
        client.connect()
        pairs.append((client, lab.accept()))
    for number, (client, _) in enumerate(pairs):
        client.send(b"%d" % number)
    read = [server.receive(1) for _, server in pairs]
    rows = lab.table("server", "ESTABLISHED")

    lab.check("connections at the server", PEERS, len(rows))
    lab.check("all with its port", {80}, {row["port"] for row in rows})
    lab.check("ports of the clients, all different", PEERS, len({client.port for client, _ in pairs}))
    lab.check("each reads what its own peer wrote", [b"%d" % number for number in range(PEERS)], read)
    lab.answer(
        f"""Four numbers: both addresses and both ports. {PEERS} connections share the server's address and port 80
        and the client's address; they differ in the client's port alone
        ({", ".join(str(client.port) for client, _ in pairs)}), and no text goes to the wrong one.""",
        f"""四个数：双方地址和双方端口。这里 {PEERS} 个连接的服务端地址、端口 80 和客户端地址都相同，只有客户端端口不同
        （{"、".join(str(client.port) for client, _ in pairs)}），数据从不串线。""")
