from accept_queue_full import fill
from lab import experiment, shown


@experiment(questions=[39], rfc="RFC 9293 3.9.1.1, 3.8.3", zh="向全连接队列已满的服务器 connect() 会怎样？")
def run(lab):
    """What does a client see whose server never accepts?"""
    lab.set(syn_retries=3, synack_retries=2)
    fill(lab)
    client = lab.socket()
    error = client.connect()
    lab.settle()

    syns = [t for t in lab.sent("client", "SYN") if t.segment.source_port == client.port]
    last = lab.walk(client)[-1]
    times, end = lab.schedule("syn_retries", "syn_linear_timeouts")
    lab.check("its SYNs go out after (s)", times, [t.s - client.began_s for t in syns])
    lab.check("connect() fails after (s)", end, client.returned_s - client.began_s)
    lab.check("with", "ETIMEDOUT", error)
    lab.check("its state is then", "CLOSED", last)
    lab.answer(
        f"""connect() gave {error or "success"} after {shown(client.returned_s - client.began_s)} s, with
        {len(syns)} SYNs; in the end it is {last}. The server says nothing while its queue is full, so to the client
        it looks like a path that loses; which limit it was the server's counters tell, not the error.""",
        f"""connect() 在 {shown(client.returned_s - client.began_s)} 秒、{len(syns)} 个 SYN 之后返回{error or "成功"}，最后状态
        为 {last}。队列满时服务器不作声，在客户端看来如同丢包；是哪个上限，要看服务器的计数器，而不是错误码。""")
