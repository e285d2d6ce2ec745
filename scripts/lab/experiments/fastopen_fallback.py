from fastopen_first import REQUEST, ask, end, prepare
from lab import experiment, shown


@experiment(questions=[41], rfc="RFC 7413 4.1.3.1, 7.1", zh="TCP Fast Open：途中丢弃带数据的 SYN 会怎样？")
def run(lab):
    """Fast Open: what if a device on the way swallows a SYN with text?"""
    prepare(lab)
    client, server, _, _, _ = ask(lab)
    end(lab, client, server)
    lab.lose(lambda segment: segment.has("SYN") and segment.text, sender="client")
    client, server, read, took, again = ask(lab)
    end(lab, client, server)
    willing = lab.knob("fastopen") & 1 and lab.knob("fastopen", "server") & 2
    rto = lab.knob("rto_init_ms") / 1000 if willing else 0
    lab.check("the SYN that comes again has no text", b"", again.text)
    lab.check("the server reads the request, once", REQUEST, read)
    lab.check("an RTO later than without Fast Open (s)", rto + 3 * lab.one_way, took, 0.1 if lab.kernel else 0.002)
    lab.answer(
        f"""The SYN with text is lost; after {shown(rto)} s it is sent again without, and all goes on as if Fast
        Open did not exist: the request is read once, {shown(took)} s after the call. The client remembers, and does
        not try this server again for fastopen_loss_ms.""",
        f"""带数据的 SYN 丢失；{shown(rto)} 秒后不带数据重发，其余如同没有 Fast Open：请求只被读一次，在调用后 {shown(took)} 秒。客户端记住这一点，
        在 fastopen_loss_ms 内不再对该服务器尝试。""")
