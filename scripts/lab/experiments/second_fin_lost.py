from lab import experiment, shown


@experiment(questions=[29], rfc="RFC 9293 3.8.3, 3.6", zh="第三次挥手的 FIN 丢失会怎样？")
def run(lab):
    """What happens when the second FIN is lost?"""
    client, server = lab.pair()
    lab.wait(0.5)
    lab.lose("FIN", sender="server", times=1)
    client.close()
    server.receive_all()
    lab.wait(0.1)
    start = lab.now
    server.close()
    lab.wait(5)

    fins = lab.sent("server", "FIN")
    rto = max(lab.knob("rto_min_ms", "server") / 1000, 2 * lab.one_way * 3)
    at_client, at_server = lab.since(client), lab.since(server)
    lab.check("FINs go out after (s)", [0.0, rto], [fin.s - start for fin in fins])
    lab.check("the server's states", ["CLOSE_WAIT", "LAST_ACK", "CLOSED"], lab.walk(server)[2:])
    lab.check("LAST_ACK until the FIN is acknowledged (s)", fins[-1].arrived_s + lab.one_way, at_server["CLOSED"])
    lab.check("the client is in FIN_WAIT_2 until it comes (s)", fins[-1].arrived_s, at_client["TIME_WAIT"])
    waited = at_client["TIME_WAIT"] - at_client["FIN_WAIT_2"]
    lab.figures.again = fins[1].s - fins[0].s
    lab.answer(
        f"""The server repeats it from LAST_ACK after {shown(fins[1].s - fins[0].s)} s. The client waits for it in
        FIN_WAIT_2, {shown(waited)} s here; nobody owns it any more, so it would wait
        {shown(lab.knob("fin_timeout_ms") / 1000)} s at most.""",
        f"""服务端在 LAST_ACK 中 {shown(fins[1].s - fins[0].s)} 秒后重发。客户端在 FIN_WAIT_2 中等待，这里等了 {shown(waited)} 秒；它已无进程拥有，
        最多等 {shown(lab.knob("fin_timeout_ms") / 1000)} 秒。""")


def beside(xtcp, kernel):
    return (f"It repeats the FIN after {shown(kernel.again)} s, xtcp after {shown(xtcp.again)} s: RFC 6298 2.4 "
            f"wants the "
            "floor under SRTT + 4 RTTVAR; the kernel's lies under 4 RTTVAR alone.",
            f"它在 {shown(kernel.again)} 秒后重发 FIN，xtcp 为 {shown(xtcp.again)} 秒：RFC 6298 2.4 的下限针对 SRTT + 4 RTTVAR 之和，"
            "内核的下限只针对 4 RTTVAR。")
