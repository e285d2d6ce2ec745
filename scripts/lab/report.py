#!/usr/bin/env python3
"""All that the laboratory found, as one page for a browser: report.py DIRECTORY PROVED.json EXPERIMENT...

DIRECTORY holds what run.py left; report.html is written there. PROVED.json is what `scripts/prove.sh --json` writes,
if it is there.
The page is English and Chinese; report/page.css and report/page.js are put into it: it needs no network.
"""
import html
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import diagram  # noqa: E402
import drawing  # noqa: E402
import plot  # noqa: E402
import proof  # noqa: E402
from questions import CHAPTERS, DIAGRAM, PROVED, QUESTIONS  # noqa: E402
from telling import both, failures, fold, shown  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
TITLE = ("TCP, answered by running it", "TCP：跑一遍就知道")
FEW = 60  # segments
SIDES = {"client": "客户端", "server": "服务端"}
NEEDS = re.compile(r"questions=\[([0-9, ]*)\]")


def names_of_all():
    """{name: its questions} of every experiment there is, run or not."""
    found = {}
    for file in sorted((HERE / "experiments").glob("[a-z]*.py")):
        match = NEEDS.search(file.read_text(encoding="utf-8"))
        found[file.stem.replace("_", "-")] = [int(word) for word in match[1].split(",")] if match else []
    return found


def load(directory, names):
    """Results in the order of the questions they answer."""
    files = [directory / name / "result.json" for name in names]
    results = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]
    return sorted(results, key=lambda result: (result["questions"][0], -len(result["questions"]), result["name"]))


def links(rfc):
    """'RFC 9293 3.8.3, 3.5' with each section a link."""
    words, number = [], ""
    for part in rfc.split(", "):
        match = re.match(r"(?:RFC (\d+) ?)?([\d.]*\d)?", part)
        number = match[1] or number
        section = f"#section-{match[2]}" if match[2] else ""
        words.append(f'<a href="https://www.rfc-editor.org/rfc/rfc{number}{section}">{html.escape(part)}</a>')
    return ", ".join(words)


def knobs(run):
    """Those the experiment read or set; what is not the default stands out."""
    merged = {}
    for knob in run["knobs"]:
        merged.setdefault((knob["name"], str(knob["value"]), str(knob["default"])), []).append(knob["side"])
    items = []
    for (name, value, default), sides in merged.items():
        other = default not in ("None", value)
        words = f"<code>{html.escape(f'{name} = {value}')}</code>"
        if len(sides) == 1 and sides[0] in SIDES:
            words += " " + both(sides[0], SIDES[sides[0]])
        if other:
            words += " " + both(f"(default {default})", f"（默认 {default}）")
        items.append(f'<li{" class=other" if other else ""}>{words}</li>')
    return f'<ul class="knobs">{"".join(items)}</ul>' if items else ""


def ladder(run):
    """A long one is folded: the answer is in the sentences, or in curves."""
    drawn = f'<figure class="run">{drawing.framed(run)}</figure>' if run["events"] else ""
    if len(run["events"]) > FEW:
        return fold(both("The ladder", "时序图"), drawn)
    return drawn


def plots(run):
    return "".join(f'<figure class="data">{picture}</figure>' for picture in plot.framed(run))


def checks(run):
    rows = "".join(f"<tr><td>{html.escape(check['text'])}<td>{html.escape(shown(check['expected']))}"
                   f"<td>{html.escape(shown(check['measured']))}"
                   f"<td class={'good' if check['passed'] else 'bad'}>{'✓' if check['passed'] else '✗'}"
                   for check in run["checks"])
    head = "".join(f"<th>{both(*words)}" for words in
                   (("what", "检查项"), ("must be", "应为"), ("is", "实测"))) + "<th>"
    return f'<div class="wide"><table lang="en"><tr>{head}{rows}</table></div>'


def kernel(result):
    """The kernel's TCP in the same experiment, folded."""
    run = result["kernel"]
    if not run:
        return ""
    words = both(result["difference"]["en"], result["difference"]["zh"])
    other = "".join(f"<li>{html.escape(check['text'])}: {html.escape(shown(check['measured']))} "
                    f"({html.escape(shown(check['expected']))})" for check in failures(run))
    if other:
        other = fold(both("Not so there", "与 xtcp 不同之处"), f'<ul lang="en">{other}</ul>')
    drawn = fold(both("Its ladder", "它的时序图"), plots(run) + ladder(run)) if run["events"] else ""
    return f"<aside><b>{both('The kernel’s TCP beside it', '内核 TCP 对照')}</b><p>{words}</p>{other}{drawn}</aside>"


def wrong(result):
    if result["passed"]:
        return ""
    return f'<p class="bad">{both("A check of this run failed.", "本次运行有检查未通过。")}</p>'


def article(result):
    """An experiment in full."""
    run, name = result["xtcp"], result["name"]
    return (f'<article id="{name}"><h4>{both(result["title"]["en"], result["title"]["zh"])}<code>{name}</code></h4>'
            f'{wrong(result)}<p class="answer">{both(run["answer"]["en"], run["answer"]["zh"])}</p>'
            f'<p class="meta">{links(result["rfc"])}</p>{plots(run)}{ladder(run)}'
            f'{knobs(run)}{kernel(result)}'
            f'{fold(both("What was checked", "检查了什么"), checks(run))}</article>')


def mention(result):
    """An experiment that an earlier question shows."""
    run = result["xtcp"]
    more = both("its ladder", "时序图")
    return (f'<div class="again"><p class="answer">{both(run["answer"]["en"], run["answer"]["zh"])}</p>'
            f'<p class="meta"><a href="#{result["name"]}">{more}: <code>{result["name"]}</code></a></p></div>')


def states(results):
    """The diagram, and beneath it all the runs of each transition."""
    found = diagram.takers(results)
    rows = "".join(f"<tr><td>{old} → {new}<td>" + ", ".join(f'<a href="#{name}">{name}</a>' for name in names)
                   for (old, new), names in sorted(found.items()))
    beside = "".join(f"<li>{old} → {new}: " + ", ".join(f'<a href="#{name}">{name}</a>' for name in names[:4])
                     for (old, new), names in sorted(diagram.others(found).items()))
    words = both("Eleven states. An arrow leads to a run that took it; what no run of this page took is dashed.",
                 "十一个状态。点击箭头可到走过它的实验；虚线是本次没有实验走过的转换。")
    more = both("Beside the figure, by RST, by timers that give up, by abort:", "图中没有的：RST、定时器放弃、主动中止：")
    return (f'<p class="answer">{words}</p><figure class="machine">{diagram.svg(found)}</figure>'
            f'<p class="meta">{links("RFC 9293 3.3.2, figure 5")}</p>'
            + (f'<p class="quiet">{more}</p><ul class="quiet">{beside}</ul>' if beside else "")
            + fold(both("Every transition and its runs", "每个转换及其实验"), f'<div class="wide"><table>{rows}</table></div>'))


def absent(number, everything, results):
    """What would answer it and was not run."""
    there = {result["name"] for result in results}
    names = [name for name, numbers in everything.items() if number in numbers and name not in there]
    if not names:
        return ""
    command = f"<code>make lab E=\"{' '.join(names)}\"</code>"
    return f'<p class="quiet">{both("Not in this run: ", "本次没有运行：")}{command}</p>'


def proofs(number, lessons):
    words = "".join(f'<li><a href="#prove-{lesson["name"]}">{both(lesson["question"]["en"], lesson["question"]["zh"])}'
                    f'</a> {both(lesson["answer"]["en"], lesson["answer"]["zh"])}'
                    for lesson in lessons if lesson["name"] in PROVED.get(number, ()))
    return f'<p class="quiet">{both("By exhaustion:", "穷举证明：")}</p><ul>{words}</ul>' if words else ""


def question(number, results, lessons, everything, told):
    """A question and all that answers it."""
    mine = [result for result in results if number in result["questions"]]
    body = states(results) if number == DIAGRAM else ""
    for result in mine:
        body += mention(result) if result["name"] in told else article(result)
        told.add(result["name"])
    body += proofs(number, lessons) + absent(number, everything, results)
    if not body:
        body = f'<p class="quiet">{both("No experiment of this run answers it.", "本次运行没有回答它的实验。")}</p>'
    return (f'<section id="q{number}" class="question"><h3><i>{number}</i><span>{both(*QUESTIONS[number])}</span></h3>'
            f"{body}</section>")


def contents(results, lessons):
    parts = []
    for number, words in QUESTIONS.items():
        if number in CHAPTERS:
            parts.append(f"</ol><h2>{both(*CHAPTERS[number])}</h2><ol>")
        some = number == DIAGRAM or any(number in result["questions"] for result in results) or proofs(number, lessons)
        kind = "" if some else ' class="none"'
        parts.append(f'<li{kind}><b>{number}</b><a href="#q{number}">{both(*words)}</a>')
    if lessons:
        parts.append(f'</ol><h2>{both(*proof.TITLE)}</h2><ol><li><b>∀</b><a href="#proof">{both(*proof.LINE)}</a>')
    return "".join(parts).removeprefix("</ol>") + "</ol>"


def header(results):
    count = sum(len(result["xtcp"]["checks"]) for result in results)
    bad = [result["name"] for result in results if not result["passed"]]
    verdict = (f'<span class="bad">{both("wrong: ", "出错：")}'
               + ", ".join(f'<a href="#{name}">{name}</a>' for name in bad) + "</span>") if bad else \
        f'<span class="good">{both("all right", "全部通过")}</span>'
    settings = " ".join(f"{name}={value}" for name, value in (results[0]["settings"] if results else {}).items())
    if settings:
        settings = f'<p>{both("Knobs set for this run: ", "本次设定的参数：")}<code>{html.escape(settings)}</code></p>'
    return (f"<header><h1>{both(*TITLE)}</h1><p>" + both(
        "Each answer below was measured: real sockets over xtcp in a Linux kernel, a cable that loses what it is told "
        "to, virtual time, so that all figures are exact. Point at a segment for its header, at a state for when it "
        "began.",
        "下面每个答案都是测出来的：Linux 内核里的 xtcp、真实的套接字、一条按要求丢包的线路和虚拟时钟，因此时刻都是精确的。"
        "指向（或轻触）报文段可看首部字段，指向状态可看它始于何时。") +
        f'</p><p class="figures"><span>{both(f"{len(results)} experiments", f"{len(results)} 个实验")}</span>'
        f'<span>{both(f"{count} checks", f"{count} 项检查")}</span>{verdict}</p>{settings}</header>')


def answers(results, lessons):
    everything, told, parts = names_of_all(), set(), []
    for number in QUESTIONS:
        if number in CHAPTERS:
            parts.append(f'<h2 class="chapter">{both(*CHAPTERS[number])}</h2>')
        parts.append(question(number, results, lessons, everything, told))
    return header(results) + "".join(parts) + proof.chapter(lessons)


def page(results, lessons):
    style = drawing.STYLE + plot.STYLE + diagram.STYLE + (HERE / "report/page.css").read_text(encoding="utf-8")
    script = (HERE / "report/page.js").read_text(encoding="utf-8")
    switches = ('<div class="switches"><button id="tongue"><span class="en" lang="zh">中文</span>'
                f'<span class="zh" lang="en">English</span></button><button id="theme">{both("Light / dark", "明暗")}'
                "</button></div>")
    return (f'<!DOCTYPE html><html lang="en" data-title-en="{TITLE[0]}" data-title-zh="{TITLE[1]}"><head>'
            f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<link rel="icon" href="data:,"><title>{TITLE[0]}</title><style>{style}</style></head><body>'
            f'<nav>{switches}<details id="contents" open><summary>{both("Questions", "目录")}</summary>'
            f"{contents(results, lessons)}</details></nav><main>{answers(results, lessons)}</main>"
            f'<div id="tip" role="tooltip" hidden></div><script>{script}</script></body></html>\n')


def main(words):
    directory, proved, *names = pathlib.Path(words[0]), pathlib.Path(words[1]), *words[2:]
    lessons = json.loads(proved.read_text(encoding="utf-8"))["lessons"] if proved.exists() else []
    (directory / "report.html").write_text(page(load(directory, names), lessons), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
