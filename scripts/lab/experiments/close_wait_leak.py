import os

from lab import experiment, shown

LEAKS, DAY_S = 3, 86400


@experiment(questions=[38], rfc="RFC 9293 3.6, 3.10.4", zh="大量 CLOSE_WAIT 是怎么回事？")
def run(lab):
    """Where do many CLOSE_WAITs come from?"""
    lab.listen()
    servers = []
    for _ in range(LEAKS):
        client = lab.socket()
        client.connect()
        servers.append(lab.accept())
        client.close()
        servers[-1].receive_all()  # the program reads the end, and forgets to close
    lab.settle()
    lab.wait(DAY_S)
    rows = lab.table("server", "CLOSE_WAIT")
    inodes = sorted(os.fstat(server.raw.fileno()).st_ino for server in servers)
    since = [lab.since(server)["CLOSE_WAIT"] for server in servers]
    asked = lab.now
    servers[0].close()
    lab.settle()

    lab.check("CLOSE_WAITs after a day", LEAKS, len(rows))
    lab.check("whose they are: sockets of this process, by inode", inodes, sorted(row["inode"] for row in rows))
    if not lab.kernel:
        ages = sorted(asked - moment for moment in since)
        lab.check("their ages (s)", ages, sorted(row["age_s"] for row in rows), tolerance=0.05)
    ended = lab.since(servers[0])["CLOSED"]
    lab.check("close() ends one (s)", 2 * lab.one_way, ended - asked)
    lab.figures.age = rows[0]["age_s"]
    owner = f"inode {rows[0]['inode']}, user {rows[0]['uid']}"
    lab.answer(
        f"""From a program that reads the end of the stream and never calls close(): {len(rows)} connections, a
        day later still in CLOSE_WAIT, for no timer ends it. /proc/net/xtcp tells whose they are ({owner}) and
        since when: {shown((rows[0]["age_s"] or 0))} s. close() ended one at once.""",
        f"""来自读到流结束却从不 close() 的程序：{len(rows)} 个连接一天后仍在 CLOSE_WAIT，没有定时器会结束它。/proc/net/xtcp 能看到它属于谁（{owner}）以及已持续
        {shown((rows[0]["age_s"] or 0))} 秒。close() 一调用就结束了。""")


def beside(xtcp, _):
    return (f"Its /proc/net/tcp tells the owner, not the age; xtcp's has it in its last column "
            f"({shown(xtcp.age)} s here).",
            f"它的 /proc/net/tcp 只有所有者，没有持续时间；xtcp 的最后一列就是（这里 {shown(xtcp.age)} 秒）。")
