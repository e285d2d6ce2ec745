import errno
import resource

from lab import experiment
from time_wait_at_the_server import slab_octets

DESCRIPTORS, PORTS = 40, 10


def out_of_descriptors(lab):
    """Sockets until a process has no descriptor left, and what socket() says then; accept() is asked beside it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(lab.cable.hosts) + 20
    resource.setrlimit(resource.RLIMIT_NOFILE, (opened + DESCRIPTORS, hard))
    lab.listen(82)
    for _ in range(2):  # one may still get in
        lab.socket().connect(82)
    made, numbers = [], []
    try:
        for call in (lab.socket, lab.accept):
            try:
                while True:
                    made.append(call())
            except OSError as error:
                numbers.append(error.errno)
        return len(made), numbers
    finally:
        for sock in made:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def out_of_ports(lab):
    """Connections of one client to one port until there is no fifth number to tell them apart by."""
    with lab.host("client") as host:
        host.sysctl("net/ipv4/ip_local_port_range", f"40000 {40000 + PORTS - 1}")
    made = []
    while not (error := (sock := lab.socket()).connect()):
        made.append((sock, lab.accept()))
    elsewhere = lab.socket().connect(81)
    return len(made), error, elsewhere


@experiment(questions=[5], rfc="RFC 9293 3.3.1, RFC 6056 2.2", zh="一个端口最多能有多少连接？")
def run(lab):
    """How many connections can a server have on one port?"""
    descriptors, numbers = out_of_descriptors(lab)
    lab.listen(81)
    lab.listen()
    ports, error, elsewhere = out_of_ports(lab)
    octets = slab_octets("TCP" if lab.kernel else "XTCP")
    lab.true("a process has so many descriptors, then socket() fails",
             DESCRIPTORS / 2 < descriptors <= DESCRIPTORS + 20,
             descriptors)
    lab.check("with EMFILE, and so does accept()", [errno.EMFILE] * 2, numbers)
    lab.check("connections of one client with as many ports", PORTS, ports)
    lab.check("the next", "EADDRNOTAVAIL", error)
    lab.check("to another port of the server", "", elsewhere)
    lab.figures.octets = octets
    lab.answer(
        f"""By their numbers 2^32 addresses times 2^16 ports, 281 million million. Before that descriptors end it:
        socket() and accept() fail with EMFILE at the process's limit; then memory: {octets} octets of each socket
        alone, so a million take {octets / 1000:.1f} GB beside their buffers. A single client ends sooner: with
        {PORTS} ports its connection number {PORTS + 1} fails with {error}, though another port of the server still
        works.""",
        f"""按四元组可有 2^32 个地址乘 2^16 个端口，约 281 万亿。在此之前先用完描述符：到进程上限时 socket()、accept() 返回 EMFILE；然后是内存：单个套接字就
        占 {octets} 字节，一百万个约{octets / 1000:.1f} GB，缓冲区另算。单个客户端更早到头：只有 {PORTS} 个端口时，第 {PORTS + 1} 个连接返
        回 {error}，而服务器的另一端口仍可连。""")


def beside(xtcp, kernel):
    return (f"A socket of it takes {kernel.octets} octets, xtcp's {xtcp.octets}.",
            f"它的套接字占 {kernel.octets} 字节，xtcp 为 {xtcp.octets} 字节。")
