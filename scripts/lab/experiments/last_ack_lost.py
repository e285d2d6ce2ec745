from lab import experiment, shown


@experiment(questions=[30, 32], rfc="RFC 9293 3.6.1, 3.10.7.4", zh="第四次挥手的 ACK 丢失会怎样？")
def run(lab):
    """What happens when the last ACK is lost?"""
    client, server = lab.pair()
    lab.wait(0.5)
    client.close()
    server.receive_all()
    lab.wait(0.1)
    lab.lose("ACK", sender="client", times=1)
    server.close()
    msl = lab.knob("msl_ms") / 1000
    lab.wait(2.2 * msl + 5)

    first, second = lab.sent("server", "FIN")[:2]
    answers = [t for t in lab.sent("client", "ACK") if t.s >= first.arrived_s]
    at_client, at_server = lab.since(client), lab.since(server)
    rto = max(lab.knob("rto_min_ms", "server") / 1000, 2 * lab.one_way * 3)
    lab.check("the FIN comes again after (s)", rto, second.s - first.s)
    lab.check("TIME_WAIT answers each (s)", [first.arrived_s, second.arrived_s], [t.s for t in answers])
    lab.check("the server is CLOSED with the second answer (s)", answers[-1].arrived_s, at_server["CLOSED"])
    lab.check("TIME_WAIT starts anew, 2 MSL from the second FIN (s)", second.arrived_s + 2 * msl, at_client["CLOSED"])
    lab.figures.after = at_client["CLOSED"] - second.arrived_s
    lab.answer(
        f"""The server, in LAST_ACK, repeats its FIN after {shown(second.s - first.s)} s; the client, in TIME_WAIT,
        acknowledges it again and starts its 2 MSL anew: it ends {shown(lab.figures.after)} s after that. Without
        TIME_WAIT the FIN would be answered by RST.""",
        f"""处于 LAST_ACK 的服务端 {shown(second.s - first.s)} 秒后重发 FIN；处于 TIME_WAIT 的客户端再次确认并重新开始 2MSL：此后 
        {shown(lab.figures.after)} 秒结束。没有 TIME_WAIT，这个 FIN 会得到 RST。""")


def beside(xtcp, kernel):
    return (f"Its TIME_WAIT ends {shown(kernel.after)} s after the repeated FIN, "
            f"xtcp's {shown(xtcp.after)} s after it.",
            f"它的 TIME_WAIT 在重发的 FIN 之后 {shown(kernel.after)} 秒结束，xtcp 为 {shown(xtcp.after)} 秒。")
