#!/usr/bin/env python3
"""README.md: every command in it is run by a test, what it shows is what comes out, its links lead somewhere.

  scripts/test/readme.py             all of it; one line a case, exit status 1 if one failed
  scripts/test/readme.py --inside    in a place, as root: what a user does with the module, line by line

A line of a block of ```sh is a command. Those of QUICK are run here. Other ones of make must lead to a script that
scripts/test.sh starts. All others are a user's; those of SETTING_UP a place has done before. Where a block without a
language follows, each of its lines must have come out, but for numbers that are new each time, and the length of
arrows.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.S | re.M)
QUICK = re.compile(r"make (lab E=|prove P=|help)")
SETTING_UP = re.compile(r"sudo apt install |make$")
ELSEWHERE = "curl http://example.org/"  # no test goes out to the world: a server here stands for it
SERVER = ("python3 -m http.server --bind 127.0.0.1 80 >/dev/null 2>&1 & "
          "until curl -s http://127.0.0.1/ >/dev/null; do sleep 1; done")


def blocks():
    """Commands of each block of them, and the block that shows what comes out, or ''."""
    found = list(BLOCK.finditer(README))
    for block, behind in zip(found, found[1:] + [None]):
        if block[1] == "sh":
            lines = (re.sub(r" +# .*|^ *#.*", "", line).strip() for line in block[2].splitlines())
            shows = behind and not behind[1] and not README[block.end():behind.start()].strip()
            yield [line for line in lines if line], behind[2] if shows else ""


def commands():
    return [line for lines, _ in blocks() for line in lines]


def plain(line):
    """What is the same each time: no sequence numbers, time to 10 ms, arrows of one length."""
    line = re.sub(r"\d+\.\d{6}", lambda match: f"{float(match[0]):.2f}", line)
    line = re.sub(r"\b\d{6,}\b", "N", line)
    return " ".join(re.sub(r"-+", "-", line).replace("|", " | ").split())


def what_it_shows(shown, said):
    """Lines that did not come out."""
    there = [plain(line) for line in said.splitlines()]
    return [line for line in shown.splitlines()
            if line.strip() not in ("", "...") and not any(plain(line) in other for other in there)]


def run(command):
    """Exit status, and what it said."""
    with tempfile.TemporaryDirectory(prefix="readme.") as out:
        done = subprocess.run(["bash", "-c", command], cwd=ROOT, env={**os.environ, "XTCP_OUT": out}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout


def led_to(command):
    """What is wrong with a command of make that is not run here."""
    if command.startswith("make test"):
        return [] if "make -s test" in (ROOT / ".ci/run").read_text() else [".ci/run does not run make test"]
    recipe = subprocess.run(["bash", "-c", command.replace("make", "make -n", 1)], cwd=ROOT, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    scripts = re.findall(r"scripts/[\w/]+\.sh", recipe.stdout)
    jobs = (ROOT / "scripts/test.sh").read_text().partition("JOBS=(")[2]
    wrong = [f"no job of scripts/test.sh runs {script}" for script in scripts if script not in jobs]
    return wrong if scripts and not recipe.returncode else [f"it leads to no script: {recipe.stdout.strip()}"]


def packages(command):
    known = set((ROOT / "scripts/deps.sh").read_text().split())
    return [f"scripts/deps.sh does not install {name}" for name in command.split()[3:] if name not in known]


def built():
    """`make` and scripts/build.sh, which makes each place's module, ask the kernel's build for the same."""
    how = re.compile(r"^\t.*(\$\(MAKE\)|\bmake) -C .*\bM=.* modules\b", re.M)
    return [f"{name} does not run make -C ... M=... modules" for name in ("Makefile", "scripts/build.sh")
            if not how.search((ROOT / name).read_text())]


def users():
    return [line for line in commands() if not line.startswith("make") and not SETTING_UP.match(line)]


def names():
    """What is named in the text and is not there: files, targets of make, commands of xtcp."""
    makefile = (ROOT / "Makefile").read_text()
    xtcp = (ROOT / "scripts/man/xtcp.8").read_text().replace("\\", "")
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in link and not (ROOT / link).exists():
            yield f"no file {link}"
    for target in re.findall(r"`make\s+([a-z-]+)", README) + re.findall(r"^make ([a-z-]+)", README, re.M):
        if not re.search(rf"^{target}:", makefile, re.M):
            yield f"no target {target} of make"
    for word in re.findall(r"`xtcp ([a-z]+)", README):
        if f"xtcp {word}" not in xtcp:
            yield f"no command xtcp {word} in xtcp(8)"


def told(name, wrong):
    print("not ok -" if wrong else "ok -", name, flush=True)
    for line in wrong:
        print("  #", line)
    return not wrong


def inside():
    """One shell for all of them, as a user has; the module is unloaded first, as his is, and loaded again at last."""
    with tempfile.TemporaryDirectory(prefix="readme.") as home:
        os.symlink(ROOT / "scripts", f"{home}/scripts")
        os.symlink(os.environ["XTCP_KO"], f"{home}/xtcp.ko")
        lines = ["set -m", 'sudo() { "$@"; }', f"cd {home}", "status=0", "ip link set lo up", "rmmod xtcp"]
        for command in users():
            ran = command.replace(ELSEWHERE, "curl -sS http://127.0.0.1/")
            if ran != command:
                lines += [SERVER, "server=$!", "lsmod | grep -q xtcp || insmod xtcp.ko"]
            lines += [f"if {{ {ran}\n}} >said 2>&1", f"then echo 'ok - {quoted(command)}'",
                      f"else status=1; echo 'not ok - {quoted(command)}'; sed 's/^/  # /' said; fi"]
            if ran != command:
                lines.append("kill $server; wait $server 2>/dev/null")
        lines += ["scripts/xtcp abort all; lsmod | grep -q xtcp || insmod xtcp.ko", "exit $status"]
        return subprocess.run(["bash", "-c", "\n".join(lines)], check=False).returncode


def quoted(text):
    return text.replace("'", "'\\''")


def outside():
    good = told("what is named is there", list(names()))
    good &= told("there are commands", [] if len(commands()) > 10 and len(users()) > 5 else ["hardly any"])
    for lines, shown in blocks():
        said = ""
        for command in lines:
            if QUICK.match(command):
                status, new = run(command)
                said += new
                good &= told(command, [f"exit status {status}", *new.splitlines()[-20:]] if status else [])
            elif SETTING_UP.match(command):
                good &= told(command, packages(command) if "apt" in command else built())
            elif command.startswith("make"):
                good &= told(command, led_to(command))
        if shown:
            good &= told(f"{lines[0]}: it says what the README shows", what_it_shows(shown, said))
    done = subprocess.run([ROOT / "scripts/run.sh", "uml", "--virtual", "scripts/test/readme.py", "--inside"],
                          cwd=ROOT, check=False)
    return good and done.returncode == 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--inside"]:
        sys.exit(inside())
    sys.exit(__doc__ if sys.argv[1:] else not outside())
