"""The chapter on what the prover (scripts/prove) found, by every world that two ends can get into."""
import html
import re

from telling import both, fold

TITLE = ("The proof", "证明")
LINE = ("Why not two, why not four, why 2 MSL: by exhaustion", "为什么不是两次、四次，为什么 2MSL：穷举")
PROPERTIES = {
    "own-text": ("no octet of another life is delivered", "绝不交付其他连接的字节"),
    "in-order": ("text is a prefix of what was written, each octet once", "交付的是所写数据的前缀，每个字节一次"),
    "fin-behind-text": ("a FIN is seen behind all text only", "FIN 只在所有数据之后被看到"),
    "numbers": ("SND.UNA ≤ SND.NXT and the rest of RFC 9293 3.3.1", "SND.UNA ≤ SND.NXT 等 RFC 9293 3.3.1 的不变式"),
    "states": ("states follow each other as in figure 5", "状态转换符合图 5"),
    "short-way": ("header prediction says what the full way says", "快速路径与完整路径结论一致"),
    "no-zombie": ("from every world both ends come to rest", "从任何世界出发两端终会安定"),
    "no-ack-loop": ("who only answers falls silent", "只应答的一方终会沉默"),
}
BOUNDS = {"segments under way": "在途报文段", "lost": "丢失", "copied": "复制", "old ones": "旧报文段",
          "early timeouts of A": "A 的过早超时", "early timeouts of B": "B 的过早超时",
          "connect() of A": "A 的 connect()", "connect() of B": "B 的 connect()",
          "octets of A": "A 的字节", "octets of B": "B 的字节", "window": "窗口", "wraps": "序号回绕",
          "MSL of TIME_WAIT": "TIME_WAIT 的 MSL 数"}
DEEDS = {"timeout, said again": "超时重传", "TIME_WAIT is over": "TIME_WAIT 结束", "half an MSL passes": "过了半个 MSL",
         "aborts, and forgets": "中止并遗忘", "crashes": "崩溃", "text, until the numbers wrap": "传输数据直到序号回绕",
         "the network makes two of it": "网络复制了它", "old": "旧的", "text": "数据", "lost": "丢失"}
DEED = re.compile("|".join(rf"\b{re.escape(words)}\b" for words in sorted(DEEDS, key=len, reverse=True)))
LEFT, RIGHT, WIDTH, STEP = 190, 640, 830, 27


def tongues(words):
    return DEED.sub(lambda found: f'<tspan class="en">{found[0]}</tspan><tspan class="zh">{DEEDS[found[0]]}</tspan>',
                    html.escape(words))


def rung(step, before, y):
    """One step: an arrow, or words in the middle; a state where it changes."""
    parts = []
    for x, anchor, way, old, new in zip((LEFT, RIGHT), ("end", "start"), (-1, 1), before, step["states"]):
        if old != new:
            title = f"state: {new}\nsince: step {step['step']}\nbefore: {old or '-'}"
            parts.append(f'<g class="state" tabindex="0"><title>{title}</title>'
                         f'<text x="{x + 12 * way}" y="{y + 4}" text-anchor="{anchor}">{new}</text></g>')
    middle = (LEFT + RIGHT) / 2
    if "segment" not in step or "does" in step:
        words = f"({step['segment']}) " if "segment" in step else ""
        parts.append(f'<g class="note"><text x="{middle}" y="{y + 4}" text-anchor="middle">'
                     f"{tongues(words + step['does'])}</text></g>")
        return "".join(parts)
    x1, x2 = (LEFT, RIGHT) if step["from"] == "A" else (RIGHT, LEFT)
    way = 1 if x2 > x1 else -1
    stop = (x1 + 2 * x2) / 3 if step["lost"] else x2
    kind = " lost" if step["lost"] else " old" if step["segment"].startswith("old") else ""
    end = f'<text x="{stop}" y="{y + 4}">✕</text>' if step["lost"] else \
        f'<path class="arrow" d="M{x2} {y}l{-9 * way}-4v8z"/>'
    parts.append(f'<g class="label{kind}"><line x1="{x1}" x2="{stop}" y1="{y}" y2="{y}"/>{end}'
                 f'<text x="{middle}" y="{y - 5}" text-anchor="middle">{tongues(step["segment"])}</text></g>')
    return "".join(parts)


def ladder(steps):
    """Steps of the prover as SVG; it knows no times, only what comes before what."""
    height, before, parts = 44 + STEP * len(steps) + 14, ("", ""), []
    for number, step in enumerate(steps):
        parts.append(f'<text class="time" x="14" y="{44 + STEP * number + 12}">{step["step"]}</text>'
                     + rung(step, before, 44 + STEP * number + 8))
        before = step["states"]
    ends = "".join(f'<text class="head" x="{x}" y="20" text-anchor="middle">{name}</text>'
                   f'<line class="life" x1="{x}" x2="{x}" y1="28" y2="{height - 6}"/>'
                   for x, name in ((LEFT, "A"), (RIGHT, "B")))
    return (f'<figure class="run"><svg class="ladder" viewBox="0 0 {WIDTH} {height}" role="img">{ends}{"".join(parts)}'
            "</svg></figure>")


def verdict(lesson):
    if lesson["outcome"] == "holds":
        en, zh = "holds in every world", "在所有世界中成立"
    else:
        broken = next((name for name, what in lesson["properties"].items() if what == "fails"), "")
        en, zh = f"fails: {lesson['how']}", f"不成立：违反“{PROPERTIES.get(broken, (broken, broken))[1]}”"
    if not lesson["right"]:
        en, zh = en + ", and should not", zh + "（与预期相反）"
    return f'<span class="{"good" if lesson["right"] else "bad"}">{both(en, zh)}</span>'


def figures(lesson):
    worlds, ways = f"{lesson['states']:,}", f"{lesson['transitions']:,}"
    words = [verdict(lesson), both(f"{worlds} worlds", f"{worlds} 个世界"), both(f"{ways} transitions", f"{ways} 次转换"),
             both(f"{lesson['depth']} steps deep", f"深 {lesson['depth']} 步"),
             both(f"{lesson['seconds']:.2f} s", f"{lesson['seconds']:.2f} 秒")]
    return '<p class="figures">' + "".join(f"<span>{word}</span>" for word in words) + "</p>"


def properties(lesson):
    rows = "".join(f"<tr><td>{both(*PROPERTIES.get(name, (name, name)))}"
                   f"<td>{both(what, '成立' if what == 'holds' else '不成立')}"
                   for name, what in lesson["properties"].items())
    bounds = "".join(f"<tr><td>{both(name, BOUNDS.get(name, name))}<td>{value}"
                     for name, value in lesson["bounds"].items())
    return (fold(both("What was asked of every world", "对每个世界检查什么"), f"<table>{rows}</table>")
            + fold(both("Bounds of these worlds", "这些世界的界限"), f"<table>{bounds}</table>"))


def article(lesson):
    shortest = ""
    if lesson["ladder"]:
        words = both("The shortest way there:", "最短的反例：")
        shortest = f'<p class="quiet">{words}</p>{ladder(lesson["ladder"])}'
    if lesson.get("opening"):
        count = lesson["segments"]
        words = both(f"The shortest way to open: {count} segments.", f"最短的建立过程：{count} 个报文段。")
        shortest += f'<p class="quiet">{words}</p>{ladder(lesson["opening"])}'
    return (f'<article id="prove-{lesson["name"]}"><h4>{both(lesson["question"]["en"], lesson["question"]["zh"])}'
            f'<code>{lesson["name"]}</code></h4><p class="answer">'
            f'{both(lesson["answer"]["en"], lesson["answer"]["zh"])}</p>{figures(lesson)}{shortest}'
            f"{properties(lesson)}</article>")


def chapter(lessons):
    if not lessons:
        return ""
    worlds, ways = (f"{sum(lesson[what] for lesson in lessons):,}" for what in ("states", "transitions"))
    words = both("Two ends and a bad network between them, within bounds: every world that they can get into was "
                 f"visited, {worlds} of them by {ways} transitions. What answers is the module's own source of segment "
                 "arrival, compiled unchanged. Where something fails, this is the shortest way to it.",
                 f"两个端点和它们之间的坏网络，在给定界限内：它们能到达的每个世界都访问过，共 {worlds} 个世界、{ways} 次转换。"
                 "被检验的就是模块处理报文段的源代码本身，未作修改。不成立时给出最短的反例。")
    return (f'<section id="proof"><h2 class="chapter">{both(*TITLE)}</h2><h3><i>∀</i><span>{both(*LINE)}</span></h3>'
            f"<p>{words}</p>{''.join(article(lesson) for lesson in lessons)}</section>")
