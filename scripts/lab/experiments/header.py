from lab import experiment

FIELDS = "port 2+2, number 4, acknowledgment 4, offset and flags 2, window 2, checksum 2, urgent pointer 2"


@experiment(questions=[2], rfc="RFC 9293 3.1, 3.2, RFC 7323", zh="TCP 首部有哪些字段？")
def run(lab):
    """What is in the header of a segment?"""
    client, server = lab.pair()
    client.send(b"Hello, world")
    server.receive(12)
    lab.settle()

    syn, data = lab.sent("client", "SYN")[0].segment, lab.sent("client", "data")[0].segment
    octets = len(data.packet) - 20 - data.length
    options = 12 if "timestamps" in data.options else 0
    stamps = lab.knob("timestamps") and lab.knob("timestamps", "server")
    lab.check("the header without options has 20 octets, timestamps and two NOPs 12", 20 + options, octets)
    lab.check("timestamps, as both want them", bool(stamps), "timestamps" in data.options)
    lab.check("source and destination", [client.port, 80], [data.source_port, data.destination_port])
    lab.check("its number is the first behind the SYN's", (syn.seq + 1) % 2**32, data.seq)
    lab.check("it acknowledges the server's SYN", (lab.sent("server", "SYN-ACK")[0].segment.seq + 1) % 2**32, data.ack)
    lab.check("its flags", "PSH-ACK", data.flags)
    lab.check("nothing is urgent", 0, data.urgent)
    lab.true("its checksum, over addresses, protocol, header and text, is right", data.sum_is_right)
    lab.check("only a SYN says MSS and scale", [True, False], ["mss" in syn.options, "mss" in data.options])
    said = ", ".join(f"{name} {value}" for name, value in syn.options.items())
    lab.answer(
        f"""20 octets ({FIELDS}) and options. The segment with "Hello, world": ports {data.source_port} and 80,
        number {data.seq}, acknowledgment {data.ack}, {octets} octets of header, {data.flags}, window {data.window},
        urgent pointer {data.urgent}. The SYN's options: {said}. No field says how long the text is: IP does.""",
        f"""20 字节固定部分（源/目的端口、序号、确认号、首部长度与标志、窗口、校验和、紧急指针）加选项。带“Hello, world”的报文段：端口 {data.source_port} 和 80，序
        号 {data.seq}，确认号 {data.ack}，首部 {octets} 字节，标志 {data.flags}，窗口 {data.window}，紧急指针 {data.urgent}。SYN 的选
        项：{said}。首部不写数据长度，由 IP 得出。""")
