#!/usr/bin/env python3
"""Look at the laboratory's report in a browser without a screen: report_drawn.py [--judged] REPORT.html

No error on the console, every diagram drawn, no words on others, every link leads somewhere, both languages complete,
nothing loaded; who points at a segment or state is told of it, and the switches switch. --judged: also break a copy of
the page in each of these ways, and be told so.
"""
import concurrent.futures
import html
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LISTEN = """<script>window.wrong = []; addEventListener("error", (e) => wrong.push(`error: ${e.message}`));
console.error = console.warn = (...words) => wrong.push(`console: ${words.join(" ")}`);</script>"""
BROWSER = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1280,900",
           "--enable-logging=stderr", "--dump-dom")
# What is broken: what is replaced, by what, and what must then be said
BROKEN = (
    ("a link", 'href="#q24"', 'href="#q240"', "leads nowhere"),
    ("a diagram", 'viewBox="0 0 900 700"', 'viewBox="0 0 900 700" style="height:0"', "is not drawn"),
    ("a translation", '<span class="zh" lang="zh">三次握手过程？</span>', '<span class="zh" lang="zh"></span>',
     "nothing in zh"),
    ("a tongue", "<head>", "<head><style>.zh { display: inline !important; }</style>", "is seen in en"),
    ("a label", 'class="name" x="450" y="154.5"', 'class="name" x="450" y="44.5"', "lies on"),
    ("a script", '"use strict";', '"use strict"; nothing();', "error: "),
    ("a box", "tip.hidden = false", "tip.hidden = true", "who points at it reads"),
    ("a switch", '"theme").addEventListener', '"theme").removeEventListener', "changes nothing"),
    ("an image", "<main>", '<main><img src="missing.png">', "the page loads missing.png"),
)


def look(page):
    """What is wrong with it: lines."""
    script = (HERE / "report_drawn.js").read_text(encoding="utf-8")
    page = page.replace("<head>", "<head>" + LISTEN, 1)
    page = page.replace("</body>", f"<script>{script}</script></body>")
    with tempfile.TemporaryDirectory() as place:
        file = pathlib.Path(place) / "report.html"
        file.write_text(page, encoding="utf-8")
        command = [*BROWSER, f"--user-data-dir={place}/profile", file.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    said = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    verdict = re.search(r'<pre id="verdict">(.*?)</pre>', done.stdout, re.DOTALL)
    if not verdict:
        return [f"the browser came to no verdict (exit status {done.returncode})", *said]
    return said + [line for line in html.unescape(verdict[1]).splitlines() if line != "right"]


def judged(page):
    """Whether each fault is seen."""
    def missed(fault):
        what, old, new, say = fault
        broken = page.replace(old, new, 1)
        if broken != page and any(say in line for line in look(broken)):
            return ""
        return f"{what} is broken, and nobody says `{say}`"

    with concurrent.futures.ThreadPoolExecutor(2) as two:
        return list(filter(None, two.map(missed, BROKEN)))


def main(words):
    page = pathlib.Path(words[-1]).read_text(encoding="utf-8")
    wrong = look(page) + (judged(page) if "--judged" in words else [])
    for line in wrong[:40]:
        print(f"report: {line}")
    if len(wrong) > 40:
        print(f"report: and {len(wrong) - 40} more")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
