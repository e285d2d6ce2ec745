"""The library that turns sockets where the kernel cannot be asked to: where it is, and how it comes about."""
import os
import pathlib
import re
import shutil
import subprocess

from command.system import Refused

HERE = pathlib.Path(__file__).resolve().parent
INSTALLED = HERE.parent / "xtcp-preload.so"
SOURCE = HERE.parent / "xtcp-preload.c"
NAME = "xtcp-preload.so"


def private_directory():
    """One that nobody else can write to and everybody can read: the program's children may be of another user."""
    place = pathlib.Path(f"/tmp/xtcp-{os.geteuid()}")
    try:
        place.mkdir(exist_ok=True)
        found = os.lstat(place)
        if not place.is_dir() or place.is_symlink() or found.st_uid != os.geteuid():
            raise Refused(f"{place} is somebody else's: not used for the preload library", 126)
        place.chmod(0o755)
    except OSError as error:
        raise Refused(f"cannot make {place} for the preload library: {error.strerror}", 126) from error
    return place


def newer(file):
    return file.is_file() and file.stat().st_mtime >= SOURCE.stat().st_mtime


def compile_into(place):
    if newer(place / NAME):
        return
    if not shutil.which("cc"):
        raise Refused("no C compiler (cc) to build the preload library; install gcc, or run 'make install'", 126)
    fresh = place / f"{NAME}.{os.getpid()}"
    built = subprocess.run(["cc", "-O2", "-Wall", "-shared", "-fPIC", "-o", fresh, SOURCE, "-ldl"], check=False)
    if built.returncode:
        raise Refused("building the preload library failed", 126)
    fresh.replace(place / NAME)


def cache():
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("HOME", "/root") + "/.cache"
    return os.environ.get("XTCP_PRELOAD_DIR") or (os.environ.get("XTCP_CACHE") or home + "/xtcp") + "/preload"


def in_clone():
    """Compiled into the cache, or where that cannot be written to below /tmp."""
    if not SOURCE.is_file():
        raise Refused(f"the preload library is neither installed nor can it be built: no {SOURCE}", 126)
    place = pathlib.Path(cache()).absolute()
    if newer(place / NAME):
        return place / NAME
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        place = private_directory()
    if not os.access(place, os.W_OK):
        place = private_directory()
    compile_into(place)
    return place / NAME


def library():
    found = INSTALLED if INSTALLED.is_file() else in_clone()
    # These end a name in LD_PRELOAD, and the loader would go on without the library.
    if re.search(r"[\s:]", str(found)):
        copy = private_directory() / NAME
        fresh = copy.with_suffix(f".{os.getpid()}")
        shutil.copy(found, fresh)
        fresh.replace(copy)
        return copy
    return found
