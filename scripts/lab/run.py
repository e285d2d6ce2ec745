#!/usr/bin/env python3
"""Run experiments, in a test place: scripts/run.sh uml --virtual scripts/lab/run.py [NAME=VALUE]... [EXPERIMENT]...

Each leaves result.json and captures of both ends in $XTCP_OUT/NAME/; sent.pcap in $XTCP_OUT holds every segment that a
socket sent, kernel-sent.pcap those of the kernel's TCP. This only runs and records: record.py says what a result holds,
show.py tells and draws it.
"""
import importlib
import json
import os
import pathlib
import sys
import traceback

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "experiments")]

# pylint: disable=wrong-import-position
import captures  # noqa: E402
import lab as labs  # noqa: E402
import record  # noqa: E402

OUT = pathlib.Path(os.environ["XTCP_OUT"])
XTCP, TCP = 253, 6


def once(which, protocol, settings, defaults, sent):
    """One run: (what record.run_of() gives, figures). Captures are left."""
    lab = labs.Lab(which, protocol, settings)
    error = ""
    try:
        which.run(lab)
    except Exception:  # pylint: disable=broad-except
        error = traceback.format_exc()
        lab.true("the experiment comes to its end", False, error.splitlines()[-1])
    run = record.run_of(lab, defaults)
    run["error"] = error
    prefix = "kernel-" if protocol == TCP else ""
    for side in ("client", "server"):
        captures.write_end(OUT / which.name / f"{prefix}{side}.pcap", side, lab.cable.trips, lab.zero_ns or 0)
    sent[protocol].write_sent(lab.cable.trips)
    lab.remove()
    return run, lab.figures


def difference(which, xtcp, figures, kernel, own):
    """In words."""
    en, zh = record.difference(xtcp, kernel)
    beside = getattr(sys.modules[which.run.__module__], "beside", None)
    if beside and not kernel["error"] and not xtcp["error"]:
        more = beside(figures, own)
        en, zh = " ".join(filter(None, (en, more[0]))), zh + more[1]
    return {"en": en, "zh": zh}


def perform(which, settings, defaults, sent):
    directory = OUT / which.name
    directory.mkdir(exist_ok=True)
    run, figures = once(which, XTCP, settings, defaults, sent)
    kernel, differs = None, {"en": "", "zh": ""}
    if which.kernel:
        kernel, own = once(which, TCP, settings, defaults, sent)
        differs = difference(which, run, figures, kernel, own)
    result = {"name": which.name, "questions": which.questions, "title": {"en": which.en, "zh": which.zh},
              "rfc": which.rfc, "plot": which.plot, "settings": settings, "xtcp": run, "kernel": kernel,
              "difference": differs,
              "passed": bool(run["checks"]) and all(check["passed"] for check in run["checks"])}
    text = json.dumps(result, ensure_ascii=False, indent=1, default=str)
    (directory / "result.json").write_text(text, encoding="utf-8")
    return result["passed"]


def attempt(name, *how):
    """perform(); what goes wrong in one experiment's own code ends no other."""
    try:
        importlib.import_module(name.replace("-", "_"))
        return perform(labs.EXPERIMENTS[name], *how)
    except Exception:  # pylint: disable=broad-except
        traceback.print_exc()
        return False


def main(words):
    settings = dict(word.split("=", 1) for word in words if "=" in word)
    names = [word for word in words if "=" not in word]
    knobs = pathlib.Path("/proc/sys/net/xtcp")
    defaults = {file.name: int(text) if (text := file.read_text().strip()).isdigit() else text
                for file in knobs.iterdir() if file.name != "fastopen_key"}
    bad = 0
    with captures.Pcap(OUT / "sent.pcap") as xtcp, captures.Pcap(OUT / "kernel-sent.pcap") as kernel:
        for name in names:
            passed = attempt(name, settings, defaults, {XTCP: xtcp, TCP: kernel})
            bad += not passed
            print(("ok" if passed else "not ok") + f" - {name}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
