from fastopen_first import REQUEST, ask, end, prepare
from lab import experiment, shown


@experiment(questions=[41], rfc="RFC 7413 3, 4.2", zh="TCP Fast Open：再次连接")
def run(lab):
    """Fast Open: what is gained the next time?"""
    prepare(lab)
    client, server, _, first_took, _ = ask(lab)
    end(lab, client, server)
    client, server, read, took, syn = ask(lab)
    end(lab, client, server)
    works = lab.knob("fastopen") & 1 and lab.knob("fastopen", "server") & 2
    lab.check("the SYN brings the request", REQUEST if works else b"", syn.text)
    lab.check("with the cookie", bool(works), bool(syn.options.get("fastopen")))
    lab.check("the server reads", REQUEST, read)
    lab.check("after so many ways (s)", (1 if works else 3) * lab.one_way, took)
    lab.answer(
        f"""The SYN brings cookie and request at once, and the server's program reads it {shown(took)} s after the
        call instead of {shown(first_took)}: a round trip less. The cookie shows that this client was reachable at
        its address before, so none can make a server work with forged ones; a SYN that comes twice may make it read
        twice.""",
        f"""SYN 同时带上 cookie 和请求，服务端程序在调用后 {shown(took)} 秒读到，而不是 {shown(first_took)} 秒：少一个往返。cookie 证明该客户端的地址可达，伪造
        地址无法让服务器干活；但重复的 SYN 可能使请求被读两次。""")
