import contextlib
import errno
import socket

from lab import experiment, shown

TCP_FASTOPEN = 23
REQUEST = b"GET /"


def prepare(lab):
    """Both ends are willing; the listener says how many of its queue may be such."""
    lab.set(fastopen=3)
    lab.listen().option(6, TCP_FASTOPEN, 16)


def ask(lab, request=REQUEST):
    """A connect() and a write in one call; the client, and when the server's program has the request."""
    client = lab.socket()
    client.began_s = lab.now
    lab.note("client", f"sendto {len(request)}, MSG_FASTOPEN")
    taken = 0
    try:
        taken = client.raw.sendto(request, socket.MSG_FASTOPEN, (lab.server.address, 80))
    except OSError as error:
        if error.errno != errno.EINPROGRESS:
            raise
    client.port, client.peer = client.raw.getsockname()[1], 80
    lab.cable.take()
    if not taken:
        client.finish()
    client.send(request[taken:])
    server = lab.accept()
    read = server.receive(len(request))
    at = lab.now
    with contextlib.suppress(OSError):
        server.send(b"answer")
        client.receive(6)
    syn = [t for t in lab.sent("client", "SYN") if t.segment.source_port == client.port][-1]
    return client, server, read, at - client.began_s, syn.segment


def end(lab, *socks):
    for sock in socks:
        sock.close()
    lab.settle()


@experiment(questions=[41], rfc="RFC 7413 3, 4.1", zh="TCP Fast Open：第一次连接")
def run(lab):
    """Fast Open: what happens the first time?"""
    prepare(lab)
    client, server, read, took, syn = ask(lab)
    syn_ack = lab.sent("server", "SYN-ACK")[0].segment
    end(lab, client, server)
    willing = lab.knob("fastopen") & 1 and lab.knob("fastopen", "server") & 2
    lab.check("the SYN asks for a cookie: the option is empty", "" if lab.knob("fastopen") & 1 else None,
              syn.options.get("fastopen"))
    lab.check("and has no text", b"", syn.text)
    lab.check("the SYN-ACK brings one", bool(willing), bool(syn_ack.options.get("fastopen")))
    lab.check("the server reads", REQUEST, read)
    lab.check("a round trip and a half after the call (s)", 3 * lab.one_way, took)
    lab.answer(
        f"""The client has no cookie of this server yet: its SYN asks for one, without text, and the SYN-ACK brings it
        ({syn_ack.options.get("fastopen", "none")}). The request goes after the handshake as ever and is read
        {shown(took)} s after the call. The gain is the next connection's.""",
        f"""客户端还没有该服务器的 cookie：SYN 只是索要，不带数据，SYN-ACK 带回（{syn_ack.options.get("fastopen", "无")}）。请求照常在握手之后发出，
        调用后 {shown(took)} 秒才被读到。好处在下一次连接。""")
