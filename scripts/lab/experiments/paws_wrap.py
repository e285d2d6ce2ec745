import segment
from lab import experiment

OLD, NEW = b"old", b"new"


def wrapped(lab, paws):
    """What is read when text of 2^32 octets ago, whose number fits again, comes in front of the new one."""
    lab.write_knob("paws", paws, "")  # what differs here
    client = lab.socket()
    client.connect()
    server = lab.accept()
    client.send(b"first")
    server.receive(5)
    lab.settle()
    last = [t for t in lab.sent("client") if t.segment.source_port == client.port][-1].segment
    stamps = last.options.get("timestamps")
    options = segment.timestamps(stamps[0] - 60000, stamps[1]) if stamps else b""
    server.drain()
    lab.inject("server", "PSH-ACK", last.next_seq, last.ack, client.port, text=OLD, options=options)
    lab.settle()
    client.send(NEW)
    lab.wait(2)
    return bytes(server.received), bool(stamps)


@experiment(questions=[18], rfc="RFC 7323 5", zh="序号回绕后旧数据会混进来吗？", kernel=False)
def run(lab):
    """Sequence numbers wrap after 4 GiB: does old text fit again?"""
    # The kernel's TCP cannot be told to leave PAWS away.
    lab.listen()
    with_paws, stamps = wrapped(lab, 1)
    without, _ = wrapped(lab, 0)
    lab.check("read with PAWS", NEW if stamps else OLD, with_paws)
    lab.check("read without", OLD, without)
    lab.answer(
        f"""At 10 Gbit/s numbers come around in 3.4 s, and a segment that was late by one turn has a number that
        fits. Its timestamp is a minute older than the newest: with PAWS it is dropped and the program reads
        "{with_paws.decode()}"; with paws=0 it reads "{without.decode()}".""",
        f"""10 Gbit/s 时序号 3.4 秒就绕一圈，迟到一圈的段序号又合适了。但它的时间戳比最新的早一分钟：有 PAWS 时它被丢弃，程序读到“{with_paws.decode()}”；paws=0 时读
        到“{without.decode()}”。""")
