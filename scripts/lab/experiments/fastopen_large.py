from fastopen_first import ask, end, prepare
from lab import experiment, shown

LARGE = b"x" * 5000


@experiment(questions=[41], rfc="RFC 7413 4.1.3, 4.2.2", zh="TCP Fast Open：请求比一个 SYN 能带的更大会怎样？")
def run(lab):
    """Fast Open: what if the request is larger than a SYN?"""
    prepare(lab)
    client, server, _, _, _ = ask(lab)
    end(lab, client, server)
    client, server, read, took, syn = ask(lab, LARGE)
    data = [t for t in lab.sent("client", "data")
            if t.segment.source_port == client.port and not t.segment.has("SYN")]
    end(lab, client, server)
    works = lab.knob("fastopen") & 1 and lab.knob("fastopen", "server") & 2
    lab.check("octets read", len(LARGE), len(read))
    lab.true("the SYN brings what fits into a segment", (1000 < len(syn.text) <= 1460) == bool(works), len(syn.text))
    lab.check("the rest follows the handshake, octets", len(LARGE) - len(syn.text), sum(t.length for t in data))
    lab.check("all is read after (s)", 3 * lab.one_way, took, 0.003)
    lab.answer(
        f"""The SYN brings the first {len(syn.text)} octets, a segment's worth, and the server may begin with them
        after one way; the other {len(LARGE) - len(syn.text)} follow the handshake, and all is there {shown(took)} s
        after the call. So Fast Open is for requests that fit into a segment.""",
        f"""SYN 带上前 {len(syn.text)} 字节（一个报文段的量），服务器单程之后就可以开始处理；其余 {len(LARGE) - len(syn.text)} 字节在握手后发送，调用
        后 {shown(took)} 秒全部到齐。所以 Fast Open 适合一个报文段装得下的请求。""")
