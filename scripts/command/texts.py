"""
What knobs and counters mean. The one place where that stands is the module's source; `make install` writes it into
texts.json beside this file (scripts/knobs.py --json), and in the clone it is read from the source itself.
"""
import functools
import importlib.util
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
INSTALLED = HERE / "texts.json"
IN_CLONE = HERE.parent / "knobs.py"


@functools.cache
def texts():
    """{"version": ..., "knobs": {name: {...}}, "counters": {name: {"group", "means"}}}"""
    if INSTALLED.is_file():
        return json.loads(INSTALLED.read_text(encoding="utf-8"))
    spec = importlib.util.spec_from_file_location("knobs", IN_CLONE)
    source = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(source)
    return source.texts()
