import subprocess

from lab import experiment, shown


def process_with(sock):
    """Another process that has the socket, and does nothing with it."""
    # pylint: disable-next=consider-using-with
    process = subprocess.Popen(["sleep", "infinity"], pass_fds=[sock.raw.fileno()])
    sock.raw.close()  # ours; the connection is the other's now
    return process


def kill(lab, process):
    lab.note("server", "kill -9")
    process.kill()
    process.wait()
    lab.settle()


@experiment(questions=[36], rfc="RFC 9293 3.6, 3.6.1, RFC 2525 2.17", zh="服务端进程被杀，连接会怎样？")
def run(lab):
    """What becomes of a connection when the server's process is killed?"""
    lab.listen()
    pairs = []
    for _ in range(2):
        client = lab.socket()
        client.connect()
        pairs.append((client, lab.accept()))
    (first, idle), (second, busy) = pairs
    second.send(b"unread text")
    lab.wait(1)
    killed = lab.now
    kill(lab, process_with(idle))
    rest = first.receive_all()
    fin = lab.sent("server", "FIN")[0]
    kill(lab, process_with(busy))
    second.receive(1)

    lab.check("the kernel closes for it: FIN (s)", killed, fin.s)
    lab.check("the client's program reads the end of the stream", [b"", True, ""], [rest, first.ended, first.error])
    lab.check("where text was not read it is RST", 1, len(lab.sent("server", "RST")))
    lab.check("and the client's program gets", "ECONNRESET", second.error)
    first.send(b"more")
    lab.settle()
    lab.check("who sends after that FIN gets RST: there is no one to read", 2, len(lab.sent("server", "RST")))
    lab.answer(
        f"""The kernel closes for the process: FIN at the moment of kill -9 ({shown(fin.s)} s), and the client
        reads the end of the stream. If text had not been read, it is RST instead: {second.error}. To text sent
        after the FIN the answer is RST too. A process's death is noticed at once; a host's is not.""",
        f"""内核替它关闭：kill -9 的那一刻（{shown(fin.s)} 秒）发出 FIN，客户端读到流结束。若有数据没被读走，则发 RST：{second.error}。FIN之后再发的数据也得到 RST。进程死亡
        立刻可知，主机死亡则不然。""")
