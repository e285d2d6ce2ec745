#!/usr/bin/env python3
"""Run experiments, in a test place: scripts/run.sh uml --virtual scripts/lab/run.py [NAME=VALUE]... [EXPERIMENT]...

Each leaves result.json and captures of both ends in $XTCP_OUT/NAME/; sent.pcap in $XTCP_OUT holds every segment that a
socket sent. This only runs and records: record.py says what a result holds, show.py tells and draws it.
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


def once(which, protocol, settings, defaults):
    """One run: (what record.run_of() gives, figures, trips, time zero)."""
    lab = labs.Lab(which, protocol, settings)
    error = ""
    try:
        which.run(lab)
    except Exception:  # pylint: disable=broad-except
        error = traceback.format_exc()
        lab.true("the experiment comes to its end", False, error.splitlines()[-1])
    run = record.run_of(lab, defaults)
    run["error"] = error
    figures, trips, zero_ns = lab.figures, lab.cable.trips, lab.zero_ns or 0
    lab.remove()
    return run, figures, trips, zero_ns


def kernel_beside(which, xtcp, figures, settings, directory, defaults):
    """The kernel's own run, and in words what differs."""
    run, own, trips, zero_ns = once(which, TCP, settings, defaults)
    for side in ("client", "server"):
        captures.write_end(directory / f"kernel-{side}.pcap", side, trips, zero_ns)
    en, zh = record.difference(xtcp, run)
    beside = getattr(sys.modules[which.run.__module__], "beside", None)
    if beside and not run["error"] and not xtcp["error"]:
        more = beside(figures, own)
        en, zh = " ".join(filter(None, (en, more[0]))), zh + more[1]
    return run, {"en": en, "zh": zh}


def perform(which, settings, defaults, sent):
    directory = OUT / which.name
    directory.mkdir(exist_ok=True)
    run, figures, trips, zero_ns = once(which, XTCP, settings, defaults)
    for trip in trips:
        if not trip.injected:
            sent.write(trip.at_ns, trip.sender, trip.segment.packet)
    for side in ("client", "server"):
        captures.write_end(directory / f"{side}.pcap", side, trips, zero_ns)
    kernel, difference = (kernel_beside(which, run, figures, settings, directory, defaults)
                          if which.kernel else (None, {"en": "", "zh": ""}))
    result = {"name": which.name, "questions": which.questions, "title": {"en": which.en, "zh": which.zh},
              "rfc": which.rfc, "plot": which.plot, "settings": settings, "xtcp": run, "kernel": kernel,
              "difference": difference,
              "passed": bool(run["checks"]) and all(check["passed"] for check in run["checks"])}
    text = json.dumps(result, ensure_ascii=False, indent=1, default=str)
    (directory / "result.json").write_text(text, encoding="utf-8")
    return result["passed"]


def main(words):
    settings = dict(word.split("=", 1) for word in words if "=" in word)
    names = [word for word in words if "=" not in word]
    knobs = pathlib.Path("/proc/sys/net/xtcp")
    defaults = {file.name: int(text) if (text := file.read_text().strip()).isdigit() else text
                for file in knobs.iterdir() if file.name != "fastopen_key"}
    bad = 0
    with captures.Pcap(OUT / "sent.pcap") as sent:
        for name in names:
            importlib.import_module(name.replace("-", "_"))
            passed = perform(labs.EXPERIMENTS[name], settings, defaults, sent)
            bad += not passed
            print(("ok" if passed else "not ok") + f" - {name}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
