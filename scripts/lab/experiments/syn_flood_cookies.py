from lab import experiment, shown
from syn_flood_without_cookies import CLIENTS, FLOOD, flood


@experiment(questions=[40], rfc="RFC 4987 3.6", zh="SYN 洪水：SYN cookie 怎样防御？")
def run(lab):
    """A SYN flood: what do cookies do?"""
    lab.set(syncookies=1)
    half_open, honest = flood(lab)
    came_in = [took for ok, took in honest if ok]
    cookies = lab.knob("syncookies", "server")
    lab.check("honest clients that came in", CLIENTS if cookies else len(came_in), len(came_in))
    if cookies:
        lab.check("each in a round trip (s)", [2 * lab.one_way] * CLIENTS, came_in, 0.1)
    lab.answer(
        f"""The same {FLOOD} SYNs, {half_open} of them held; to the others the server answers with a number that is
        itself the record of the request, and keeps nothing. Who sends it back was there. {len(came_in)} of
        {CLIENTS} honest clients came in, after {shown(*came_in)} s.""",
        f"""同样的 {FLOOD} 个 SYN，其中 {half_open} 个被保留；对其余的，服务器回应的序号本身就记录了请求，自己什么也不存。能把它送回来的就是真的。{CLIENTS} 个正常客户端连上了
        {len(came_in)} 个，用时 {shown(*came_in)} 秒。""")
