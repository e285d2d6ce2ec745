"""What all of the command share: how it refuses, network namespaces, system calls that Python has no name for."""
import ctypes
import json
import os
import pathlib
import platform
import sys

SYSCTL = pathlib.Path("/proc/sys/net/xtcp")
PROTOCOL = 253
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


class Refused(Exception):
    """It cannot be done; the text says why, in a sentence. `status` is what the command ends with."""

    def __init__(self, text, status=1):
        super().__init__(text)
        self.status = status


def note(text):
    print(f"xtcp: {text}", file=sys.stderr)


def syscall(number, *args):
    """A system call by its number. Gives its result or raises OSError."""
    result = LIBC.syscall(ctypes.c_long(number), *args)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def syscall_number(**numbers):
    """That of this machine, given by the names that uname(2) has for machines; `rest` is that of all newer ones."""
    return numbers.get(platform.machine(), numbers["rest"])


def need_module(status=1, what=""):
    if not SYSCTL.is_dir():
        raise Refused(f"the module is not loaded (no {SYSCTL}): insmod xtcp.ko, or modprobe xtcp{what}", status)


def enter_netns(name):
    """The network namespace of `ip netns`, or that of a process, by its number."""
    path = f"/proc/{name}/ns/net" if name.isdigit() else f"/run/netns/{name}"
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise Refused(f"no network namespace '{name}' (no {path}); `ip netns` lists those that have a name") from error
    except PermissionError as error:
        raise Refused(f"no permission to look into the network namespace '{name}': this needs root") from error
    try:
        if LIBC.setns(fd, CLONE_NEWNET) == -1:
            reason = os.strerror(ctypes.get_errno())
            raise Refused(f"cannot enter the network namespace '{name}' ({reason}): this needs root (CAP_SYS_ADMIN)")
    finally:
        os.close(fd)


def print_json(value):
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(head, rows, right=()):
    """Columns as wide as what is in them; those named in `right` are set to the right; the last is not padded."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    for row in [head, *rows]:
        cells = [cell.rjust(width) if name in right else cell.ljust(width)
                 for name, cell, width in zip(head, row, widths)]
        print("  ".join(cells).rstrip())


def seconds(ms):
    """A time to read: 340ms, 1.50s, 2min05s, 3h07min, 4d02h."""
    if ms < 1000:
        return f"{ms:.0f}ms"
    if ms < 60_000:
        return f"{ms / 1000:.2f}s"
    whole = int(ms // 1000)
    if whole < 3600:
        return f"{whole // 60}min{whole % 60:02d}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}min"
    return f"{whole // 86_400}d{whole % 86_400 // 3600:02d}h"
