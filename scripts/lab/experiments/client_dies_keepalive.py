import socket

from lab import experiment, shown


def probes_of(lab, alive):
    """A client's host that dies after so many answered probes: (when last heard, when it died, when noticed, error)."""
    _, server = lab.pair()
    server.option(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    lab.settle()
    heard = lab.sent("client")[-1].arrived_s
    if alive:
        lab.wait(lab.knob("keepalive_time_ms", "server") / 1000 * (alive + 0.5))
        heard = lab.sent("client")[-1].arrived_s
    lab.lose("any")
    died = lab.now
    server.receive(1, limit=10**7)
    return heard, died, lab.now, server.error


def dead_probes(lab):
    """When probes must go out to a host that died, and when it is given up, from when it was last heard."""
    idle, interval = (lab.knob(f"keepalive_{name}_ms", "server") / 1000 for name in ("time", "intvl"))
    count = lab.knob("keepalive_probes", "server")
    return [idle + interval * n for n in range(count)], idle + interval * count


@experiment(questions=[35], rfc="RFC 9293 3.8.4, RFC 1122 4.2.3.6", zh="客户端主机故障，服务端怎样发现？")
def run(lab):
    """How does a server notice that its client's host has died?"""
    lab.set(keepalive_time_ms=60000, keepalive_intvl_ms=5000, keepalive_probes=3)
    heard, died, noticed, error = probes_of(lab, alive=2)

    times, end = dead_probes(lab)
    probes = [t for t in lab.sent("server", "ACK")]
    answered, dead = [p for p in probes if p.s < died], [p for p in probes if p.s >= died]
    lab.check("probes that were answered", 2, len(answered))
    lab.check("a probe's number is one before the next", {0}, {p.seq for p in probes})
    lab.check("probes after it was last heard (s)", times, [p.s - heard for p in dead])
    lab.check("given up after (s)", end, noticed - heard)
    lab.check("with", "ETIMEDOUT", error)
    lab.figures.end = noticed - heard
    lab.answer(
        f"""Only by asking. With SO_KEEPALIVE it sends a probe after {shown(times[0])} s of silence, whose number
        is one before the next, so that a living host answers ({len(answered)} did); the dead one is asked
        {len(dead)} times and given up {shown(lab.figures.end)} s after it was last heard: {error}.""",
        f"""只能去问。打开 SO_KEEPALIVE 后，静默 {shown(times[0])} 秒就发一个探测段，其序号比下一个小一，活着的主机必会应答（前 {len(answered)} 次如此）；死去的主机被问
        {len(dead)} 次，在最后一次收到消息之后 {shown(lab.figures.end)} 秒被放弃：{error}。""")


def beside(xtcp, kernel):
    late = kernel.end - xtcp.end
    return (f"It gives up after {shown(kernel.end)} s, {late:.3f} s later: its timers are coarse.",
            f"它在 {shown(kernel.end)} 秒后放弃，晚 {late:.3f} 秒：它的定时器粒度粗。")
