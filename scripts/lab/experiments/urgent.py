import socket

from lab import experiment


@experiment(questions=[45], rfc="RFC 9293 3.8.5, RFC 6093", zh="URG 和紧急指针有什么用？")
def run(lab):
    """What are URG and the urgent pointer for?"""
    client, server = lab.pair()
    client.send(b"abc")
    lab.settle()
    client.raw.send(b"!", socket.MSG_OOB)
    lab.cable.take()
    lab.settle()
    before = server.receive(3)
    octet = server.raw.recv(1, socket.MSG_OOB)
    client.send(b"def")
    after = server.receive(3)

    marked = lab.sent("client", "URG")
    lab.check("segments with URG", 1, len(marked))
    lab.check("the pointer is behind the urgent octet (RFC 6093)", 1, marked[0].segment.urgent)
    lab.check("it is text like any other on the wire", b"!", marked[0].segment.text)
    lab.check("the stream without it", b"abcdef", before + after)
    lab.check("the urgent octet, read by itself", b"!", octet)
    lab.answer(
        """A mark in the stream: up to here it is urgent. The segment with "!" has URG and a pointer one behind it; the
        program reads the octet by itself, and the stream without it. RFC 6093 tells new programs to leave it alone:
        it is one octet, a second takes its place, and devices on the way clear it.""",
        """它是流中的一个标记：到这里为止是紧急的。带“!”的报文段有 URG，指针指向其后一个字节；程序可单独读到该字节，普通流中没有它。RFC 6093 建议新程序不要使用：只有一个字节，
        后来的会覆盖先前的，途中设备还可能清除它。""")
