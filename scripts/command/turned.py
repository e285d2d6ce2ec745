"""
What the kernel's hook turns: the BPF program of bpf.py, pinned in bpffs while a cgroup is meant by it, and its list of
cgroups. `xtcp turned` shows that list, and the services that have a drop-in for systemd.
"""
import contextlib
import fcntl
import os
import pathlib
import shutil
import socket
import struct
import subprocess

from command import bpf
from command.system import PROTOCOL, SYSCTL, Refused, note, print_json, print_table

BPFFS = pathlib.Path("/sys/fs/bpf")
PINS = BPFFS / "xtcp"
LOCK = "/run/xtcp-turned.lock"  # where root alone writes, and none but root may hold it
UNITS = pathlib.Path("/etc/systemd/system")
DROP_IN = "xtcp.conf"
FAMILIES = {socket.AF_INET: (1, "IPv4"), socket.AF_INET6: (2, "IPv6")}
ENTRY, SOCKET = struct.Struct("=QQ"), struct.Struct("=QII16s")
MOST = 4096  # cgroups, and processes that are remembered


class Unavailable(Exception):
    """The kernel cannot be asked to turn sockets here; the text says why."""


# -- cgroups ----------------------------------------------------------------------------------------------------------


def hierarchy():
    """Where cgroups of version 2 are mounted."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        for line in file:
            before, after = line.split(" - ")
            if after.split()[0] == "cgroup2":
                return pathlib.Path(before.split()[4])
    raise Unavailable("cgroups of version 2 are not mounted (mount -t cgroup2 none /sys/fs/cgroup)")


def cgroup_of(process="self"):
    """That of a process. Where systemd runs something for a unit it is in that unit's .control at times."""
    path = ""
    with open(f"/proc/{process}/cgroup", encoding="utf-8") as file:
        for line in file:
            if line.startswith("0::"):
                path = line[3:].rstrip("\n").removesuffix("/.control").removesuffix("/init.scope")
    return hierarchy() / path.lstrip("/")


def cgroup_at(name):
    """A cgroup by its path, whole or from the mount on."""
    if name == "self":
        return cgroup_of()
    path = pathlib.Path(name)
    for place in (path.absolute(), hierarchy() / name.lstrip("/")):
        if (place / "cgroup.procs").is_file() and hierarchy() in [place, *place.parents]:
            return place
    raise Refused(f"no cgroup {name} (of version 2, below {hierarchy()})")


def number_of(cgroup):
    """The kernel's number of it is that of its directory."""
    return cgroup.stat().st_ino


def cgroups():
    """{number: path} of all there are."""
    return {os.stat(path).st_ino: pathlib.Path(path) for path, _, _ in os.walk(hierarchy())}


# -- the hook ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def locked():
    """Whoever changes pins or list does it alone."""
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def check():
    """Raises Unavailable if the kernel cannot be asked here."""
    if os.geteuid() != 0:
        raise Unavailable("that needs root (CAP_BPF, CAP_PERFMON)")
    if not bpf.BTF.is_file():
        raise Unavailable(f"this kernel does not describe its types (no {bpf.BTF})")
    hierarchy()


def mount_bpffs():
    if not os.path.ismount(BPFFS):
        mounted = subprocess.run(["mount", "-t", "bpf", "bpf", BPFFS], capture_output=True, check=False)
        if mounted.returncode:
            raise Unavailable(f"{BPFFS} is not mounted and cannot be")


def make_hook():
    """Maps, program and link, pinned."""
    target = bpf.btf_id(bpf.HOOK)
    if target is None:
        raise Unavailable(f"this kernel has no {bpf.HOOK}() (Linux 6.6 and later have it)")
    try:
        meant = bpf.create_map(bpf.MAP_HASH, "xtcp_cgroups", 8, ENTRY.size, MOST)
        sockets = bpf.create_map(bpf.MAP_LRU_HASH, "xtcp_sockets", SOCKET.size, 8, MOST)
        link = bpf.attach(bpf.load(bpf.program(meant, sockets), target))
    except OSError as error:
        raise Unavailable(f"this kernel does not take the BPF program ({error.strerror})") from error
    mount_bpffs()
    PINS.mkdir(mode=0o700, exist_ok=True)
    for name, fd in (("cgroups", meant), ("sockets", sockets), ("link", link)):
        with contextlib.suppress(FileNotFoundError):
            (PINS / name).unlink()
        bpf.pin(fd, PINS / name)


@contextlib.contextmanager
def maps():
    """Descriptors of the list of cgroups and of that of sockets; nothing where nothing is turned."""
    with contextlib.ExitStack() as stack:
        fds = []
        if (PINS / "link").exists():
            fds = [bpf.get(PINS / name) for name in ("cgroups", "sockets")]
        for fd in fds:
            stack.callback(os.close, fd)
        yield fds


def families_done():
    """Those of which the loaded module makes sockets."""
    done = 0
    for family, (bit, _) in FAMILIES.items():
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_STREAM, PROTOCOL):
            done |= bit
    return done


def listed(fds):
    """{number of a cgroup: (families, sockets turned)}"""
    return {struct.unpack("=Q", key)[0]: ENTRY.unpack(value) for key, value in bpf.entries(fds[0], 8, ENTRY.size)}


def sockets_of(fds, number):
    """[(process, its name, family, sockets turned)] of a cgroup, as far as they are remembered."""
    found = []
    for key, value in bpf.entries(fds[1], SOCKET.size, 8):
        cgroup, process, family, name = SOCKET.unpack(key)
        if cgroup == number:
            found.append((process, name.split(b"\0")[0].decode("utf-8", "replace"), FAMILIES[family][1],
                          struct.unpack("=Q", value)[0]))
    return sorted(found)


def forget(fds, numbers):
    for number in numbers:
        bpf.delete(fds[0], struct.pack("=Q", number))
    for key, _ in list(bpf.entries(fds[1], SOCKET.size, 8)):
        if SOCKET.unpack(key)[0] in numbers:
            bpf.delete(fds[1], key)


def forget_dead(fds):
    """The kernel never gives a number twice, so one without a directory is for nobody."""
    forget(fds, listed(fds).keys() - cgroups().keys())


def turn(cgroup):
    """From now on sockets of what is in this cgroup, and below it, are turned."""
    check()
    with locked():
        if not (PINS / "link").exists():
            make_hook()
        with maps() as fds:
            forget_dead(fds)
            bpf.update(fds[0], struct.pack("=Q", number_of(cgroup)), ENTRY.pack(families_done(), 0))


def turn_off(numbers):
    """These cgroups no more; None: none any more. With the last the program goes. Gives how many it were."""
    with locked(), maps() as fds:
        if not fds:
            return 0
        there = listed(fds).keys()
        wanted = there if numbers is None else there & set(numbers)
        forget(fds, wanted)
        forget_dead(fds)
        if not listed(fds):
            for name in ("link", "cgroups", "sockets"):
                (PINS / name).unlink()
            PINS.rmdir()
        return len(wanted)


# -- services of systemd ----------------------------------------------------------------------------------------------

BY_HOOK = """# Written by `xtcp run --service {name}`; `xtcp turned --off {name}.service` takes it away.
[Unit]
After=systemd-modules-load.service

[Service]
ExecStartPre=+{command} run --cgroup self
ExecStopPost=+-{command} turned --off self
"""
BY_LIBRARY = """# Written by `xtcp run --service {name}`; `xtcp turned --off {name}.service` takes it away.
[Service]
Environment=LD_PRELOAD={library}
"""


def drop_in(name):
    return UNITS / f"{name}.service.d" / DROP_IN


def reload_systemd():
    if os.path.isdir("/run/systemd/system") and shutil.which("systemctl"):
        subprocess.run(["systemctl", "daemon-reload"], check=True)


def write_drop_in(name, text):
    file = drop_in(name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except PermissionError as error:
        raise Refused(f"to write {file} needs root") from error
    reload_systemd()
    return file


def remove_drop_in(name):
    """Gives whether there was one."""
    file = drop_in(name)
    if not file.is_file():
        return False
    file.unlink()
    with contextlib.suppress(OSError):
        file.parent.rmdir()
    reload_systemd()
    return True


def services():
    """[{service, way, file}] of the drop-ins there are."""
    rows = []
    for file in sorted(UNITS.glob(f"*.service.d/{DROP_IN}")):
        way = "library" if "LD_PRELOAD" in file.read_text(encoding="utf-8") else "hook"
        rows.append({"service": file.parent.name.removesuffix(".d"), "way": way, "file": str(file)})
    return rows


# -- xtcp turned ------------------------------------------------------------------------------------------------------


def off(words):
    if not words:
        count = turn_off(None) + sum(remove_drop_in(row["service"].removesuffix(".service")) for row in services())
        note(f"ended: {count}")
        return
    for word in words:
        if word.endswith(".service"):
            if not remove_drop_in(word.removesuffix(".service")):
                raise Refused(f"{word} has no drop-in of ours")
            note(f"{word} makes sockets of TCP from its next start on")
        elif not turn_off([number_of(cgroup_at(word))]) and word != "self":
            raise Refused(f"{word} is not turned")


def turned_cgroups():
    with maps() as fds:
        if not fds:
            return []
        paths, rows = cgroups(), []
        for number, (families, count) in listed(fds).items():
            if number in paths:
                processes = [dict(zip(("pid", "name", "family", "sockets"), row)) for row in sockets_of(fds, number)]
                done = [name for bit, name in FAMILIES.values() if families & bit]
                rows.append({"cgroup": str(paths[number]), "families": done, "sockets": count, "processes": processes})
        return rows


def show(args):
    if os.geteuid() != 0:
        raise Refused("what is turned only root may see and end")
    try:
        if args.off:
            off(args.what)
            return
        rows, units = turned_cgroups(), services()
    except Unavailable as reason:
        raise Refused(f"nothing can be turned by this kernel: {reason}") from reason
    if args.json:
        print_json({"cgroups": rows, "services": units})
        return
    if not rows and not units:
        print("nothing is turned by the kernel's hook")
    if rows:
        print_table(["CGROUP", "FAMILIES", "SOCKETS", "PROCESSES"],
                    [[row["cgroup"], ",".join(row["families"]) or "none", row["sockets"],
                      processes_text(row["processes"])] for row in rows], ("SOCKETS",))
    for unit in units:
        print(f"{unit['service']}: from its next start on, by the {unit['way']} ({unit['file']})")
    if rows and not SYSCTL.is_dir():
        note("the module is not loaded: what is turned gets no sockets (EPROTONOSUPPORT)")


def processes_text(rows):
    return " ".join(f"{row['name']}({row['pid']}):{row['sockets']}x{row['family']}" for row in rows) or "-"
