from client_dies_keepalive import dead_probes, probes_of
from lab import experiment, shown


def clock(seconds):
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min {shown(seconds % 60)} s"


def clock_zh(seconds):
    return f"{seconds // 3600:.0f} 小时 {seconds % 3600 // 60:.0f} 分 {shown(seconds % 60)} 秒"


@experiment(questions=[35], rfc="RFC 9293 3.8.4, RFC 1122 4.2.3.6", zh="保活默认多久才发现对端故障？")
def run(lab):
    """How long does keepalive take by default?"""
    heard, _, noticed, error = probes_of(lab, alive=0)

    times, end = dead_probes(lab)
    probes = lab.sent("server", "ACK")
    lab.check("probes after it was last heard (s)", times, [p.s - heard for p in probes])
    lab.check("given up after (s)", end, noticed - heard)
    lab.check("with", "ETIMEDOUT", error)
    lab.figures.end = noticed - heard
    lab.answer(
        f"""{clock(lab.figures.end)}: {shown(times[0])} s of silence, then {len(probes)} probes
        {shown(end - times[-1])} s apart, and as long for the last's answer. Then {error}. RFC 9293 wants two
        hours or more as default, and keepalive off unless the program asks for it.""",
        f"""{clock_zh(lab.figures.end)}：先静默 {shown(times[0])} 秒，再发 {len(probes)} 个探测段，间隔 {shown(end - times[-1])} 秒，最后
        一个也要等这么久，然后 {error}。RFC 9293 要求默认不少于两小时，且除非程序要求否则关闭。""")


def beside(xtcp, kernel):
    late = kernel.end - xtcp.end
    return (f"It gives up {late:.3f} s later, after {shown(kernel.end)} s: its timer wheel is coarse for long "
            "waits.",
            f"它晚 {late:.3f} 秒，在 {shown(kernel.end)} 秒后放弃：它的定时轮对长时间的等待粒度粗。")
