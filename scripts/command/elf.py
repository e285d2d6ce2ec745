"""What a program is made of: does LD_PRELOAD reach it?"""
import os
import shutil
import struct

PT_INTERP = 3
SECURITY_CAPABILITY = "security.capability"
GO_BUILD_INFORMATION = b"\xff Go buildinf:"


def interpreter(start):
    """The program that a script asks for in its first line, with env(1) followed; None: it is no script."""
    if not start.startswith(b"#!"):
        return None
    words = os.fsdecode(start[2:].split(b"\n", 1)[0]).split()
    if not words or os.path.basename(words[0]) != "env":
        return words[0] if words else None
    named = next((word for word in words[1:] if not word.startswith("-") and "=" not in word), "")
    return shutil.which(named)


def is_dynamic(start):
    """
    An ELF program with a PT_INTERP header is linked dynamically; only then LD_PRELOAD is looked at. The program
    headers are near the file's start.
    """
    table, = struct.unpack_from("=Q", start, 32)
    size, count = struct.unpack_from("=HH", start, 54)
    kinds = [start[at:at + 4] for at in range(table, table + size * count, size or 1)]
    return struct.pack("=I", PT_INTERP) in kinds


def raises_rights(file):
    """How it gets rights that its caller has not, if it does."""
    if os.stat(file).st_mode & 0o6000:
        return "is setuid or setgid", "that bit"
    if SECURITY_CAPABILITY in os.listxattr(file):
        return "has file capabilities", "them"
    return None


def why_not(file, depth=0):
    """Why a library in LD_PRELOAD would not turn this program's sockets; None: it would, as far as one can see."""
    try:
        with open(file, "rb") as stream:
            start = stream.read(4096)
            if interpreter(start):
                return why_not(interpreter(start), depth + 1) if depth < 4 else None
            if not start.startswith(b"\x7fELF") or len(start) < 64:
                return None
            if not is_dynamic(start):
                return f"{file} is statically linked (as Go programs are): LD_PRELOAD does not reach it"
            if GO_BUILD_INFORMATION in start + stream.read():
                return f"{file} is a Go program: it makes its system calls itself, LD_PRELOAD does not reach it"
        raised = raises_rights(file)
    except OSError:
        return None
    if raised and os.geteuid() != 0:
        return f"{file} {raised[0]}: the loader would ignore LD_PRELOAD; run it as root, or a copy without {raised[1]}"
    return None
