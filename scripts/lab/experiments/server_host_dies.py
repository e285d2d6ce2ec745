from lab import experiment, shown

WEEK_S, TCP_USER_TIMEOUT, PATIENCE_MS = 7 * 86400, 18, 30000


@experiment(questions=[36], rfc="RFC 9293 3.8.3, 3.8.4, RFC 5482", zh="服务端主机断电，客户端何时发现？")
def run(lab):
    """When does a client notice that the server's host is dead?"""
    client, _ = lab.pair()
    lab.lose("any")
    before = len(lab.sent())
    lab.wait(WEEK_S)
    silent, state = len(lab.sent()) - before, lab.walk(client)[-1]
    client.option(6, TCP_USER_TIMEOUT, PATIENCE_MS)
    asked = lab.now
    client.send(b"are you there?")
    client.receive(1, limit=10**6)
    noticed = lab.now - asked

    lab.check("segments in a week", 0, silent)
    lab.check("the client's state then", "ESTABLISHED", state)
    lab.check("with a user timeout it is given up after (s)", PATIENCE_MS / 1000, noticed, tolerance=0.1)
    lab.check("with", "ETIMEDOUT", client.error)
    lab.figures.end = noticed
    lab.answer(
        f"""Never, as long as it says nothing: a week later it is {state} and not one segment was sent. When it
        sends text, that is repeated; a program that set TCP_USER_TIMEOUT to {shown(PATIENCE_MS / 1000)} s has
        {client.error} after {shown(noticed)} s, others after retries2 (peer-host-dies-with-text-under-way).""",
        f"""只要不说话就永远不会：一周后仍是 {state}，没有发过一个报文段。一旦发数据就会重传；设了 TCP_USER_TIMEOUT 为 {shown(PATIENCE_MS / 1000)} 秒的程序在
        {shown(noticed)} 秒后得到 {client.error}，其他程序要等 retries2（见 peer-host-dies-with-text-under-way）。""")


def beside(xtcp, kernel):
    return (f"With that user timeout it gives up after {shown(kernel.end)} s, xtcp after {shown(xtcp.end)} s.",
            f"同样的用户超时，它在 {shown(kernel.end)} 秒后放弃，xtcp 为 {shown(xtcp.end)} 秒。")
