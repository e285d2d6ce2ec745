"""xtcp run: turns a program's TCP sockets into xtcp's, by the kernel's hook where there is one, else by the library."""
import contextlib
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys

from command import bpf, elf, preload, turned
from command.system import Refused, need_module, note
from command.turned import Unavailable


# -- a cgroup of its own ----------------------------------------------------------------------------------------------


def new_cgroup():
    """Below our own, so that limits and accounts of that hold; turned."""
    turned.check()
    place = turned.cgroup_of() / f"xtcp-{os.getpid()}"
    try:
        place.mkdir()
    except OSError as error:
        raise Unavailable(f"no cgroup can be made ({error.strerror}: {place})") from error
    try:
        turned.turn(place)
    except (Unavailable, OSError) as error:
        place.rmdir()
        raise Unavailable(str(error)) from error
    return place


def enter(cgroup):
    (cgroup / "cgroup.procs").write_text("0", encoding="ascii")


def wait_until_empty(cgroup):
    """Returns when no process is in it, or below it."""
    with contextlib.suppress(OSError), open(cgroup / "cgroup.events", "rb", buffering=0) as events:
        poll = select.poll()
        poll.register(events, select.POLLPRI)
        while b"populated 1" in os.pread(events.fileno(), 256, 0):
            poll.poll()


def clear(cgroup):
    """The cgroup goes, with those that its processes have made below it."""
    with contextlib.suppress(FileNotFoundError):
        turned.turn_off([turned.number_of(cgroup)])
    for path, _, _ in os.walk(cgroup, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(path)


def keep_clean(cgroup):
    """
    A process of its own clears when nobody is in the cgroup any more. It is nobody's child, holds nothing open and
    waits first until we have become the program, or have ended: a descriptor that closes then says so.
    """
    reader, writer = os.pipe()
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)
        os.close(reader)
        return writer
    os.setsid()
    if os.fork():
        os._exit(0)
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for fd in range(3):
            os.dup2(null, fd)
        os.chdir("/")
        os.dup2(reader, 3)
        os.closerange(4, os.sysconf("SC_OPEN_MAX"))
        os.read(3, 1)
        wait_until_empty(cgroup)
        clear(cgroup)
    finally:
        os._exit(0)


# -- the ways ---------------------------------------------------------------------------------------------------------


def become(words):
    try:
        os.execvp(words[0], words)
    except OSError as error:
        raise Refused(f"{words[0]}: {error.strerror}", 126) from error


def report(cgroup):
    with turned.maps() as fds:
        found = turned.sockets_of(fds, turned.number_of(cgroup)) if fds else []
    for process, name, family, count in found:
        note(f"{name}({process}): {count} of {family} turned")
    if not found:
        note("it opened no TCP socket")


def watch(words, cgroup):
    """Runs it as a child, reports, and gives its status."""
    signals = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        try:
            enter(cgroup)
            become(words)
        except Refused as refusal:
            note(str(refusal))
        finally:
            os._exit(126)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: os.kill(child, number))
    for number in (signal.SIGINT, signal.SIGQUIT):  # of a terminal: the program gets them as well
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    report(cgroup)
    os.close(keep_clean(cgroup))
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


def by_hook(words, args, cgroup):
    if args.why:
        note(f"by the kernel's hook ({bpf.HOOK}), as cgroup {cgroup}")
        watch(words, cgroup)
    os.set_inheritable(keep_clean(cgroup), False)
    enter(cgroup)
    become(words)


def by_library(words, program, args, reason):
    hindrance = elf.why_not(program)
    if hindrance:
        raise Refused(f"{hindrance}, it would use TCP. The kernel's hook would do it, but: {reason}", 126)
    path = str(preload.library())
    if args.why:
        note(f"by the library {path}: {reason}")
        os.environ["XTCP_WHY"] = "1"
    if args.wire:
        os.environ["XTCP_WIRE"] = args.wire
    os.environ["LD_PRELOAD"] = ":".join(filter(None, [os.environ.get("LD_PRELOAD"), path]))
    become(words)


def run_program(args):
    words = args.program[1:] if args.program[:1] == ["--"] else args.program
    if not words:
        raise Refused("run what? PROGRAM [ARG]..., or --cgroup, --service, --container", 2)
    program = shutil.which(words[0])
    if not program and os.path.isdir(words[0]):
        raise Refused(f"{words[0]}: is a directory", 127)
    if not program:
        raise Refused(f"{words[0]}: no such program", 127)
    need_module(126)
    reason = "--wire is a matter of each socket" if args.wire else "--preload was asked for"
    if not args.wire and not args.preload:
        try:
            by_hook(words, args, new_cgroup())
        except Unavailable as why:
            reason = str(why)
    by_library(words, program, args, reason)


# -- what runs already, or will ---------------------------------------------------------------------------------------


def turn_cgroup(cgroup, args):
    need_module(126)
    try:
        turned.turn(cgroup)
    except Unavailable as reason:
        raise Refused(f"{cgroup} cannot be turned: {reason}. What starts anew can: xtcp run PROGRAM", 126) from reason
    if args.why:
        note(f"by the kernel's hook ({bpf.HOOK}): {cgroup}; `xtcp turned` says what of it was turned")


def process_of(container):
    """The first process of a container, by what keeps containers here."""
    if container.isdigit():
        return container
    for keeper in filter(shutil.which, ("podman", "docker")):
        asked = subprocess.run([keeper, "inspect", "--format", "{{.State.Pid}}", container],
                               capture_output=True, text=True, check=False)
        if asked.returncode == 0 and asked.stdout.strip() not in ("", "0"):
            return asked.stdout.strip()
    raise Refused(f"no container '{container}' that runs (podman and docker were asked); a process's number will do")


def cgroup_of_container(container):
    process = process_of(container)
    try:
        cgroup = turned.cgroup_of(process)
    except FileNotFoundError as error:
        raise Refused(f"no process {process}") from error
    if cgroup in (turned.cgroup_of(), turned.hierarchy()):
        raise Refused(f"process {process} has no cgroup of its own: {cgroup} would be turned, and others with it "
                      "(--cgroup PATH does that)")
    return cgroup


def programs_of(service):
    """What systemd starts for it; nothing where systemd does not run."""
    if not shutil.which("systemctl") or not os.path.isdir("/run/systemd/system"):
        return []
    asked = subprocess.run(["systemctl", "show", "--property=LoadState", "--property=ExecStart", service],
                           capture_output=True, text=True, check=True)
    if "LoadState=not-found" in asked.stdout:
        raise Refused(f"systemd has no unit {service}")
    return [word.removeprefix("path=") for word in asked.stdout.split() if word.startswith("path=")]


def turn_service(service):
    name = service.removesuffix(".service")
    programs = programs_of(f"{name}.service")
    try:
        turned.check()
        if bpf.btf_id(bpf.HOOK) is None:
            raise Unavailable(f"this kernel has no {bpf.HOOK}()")
        text = turned.BY_HOOK.format(name=name, command=pathlib.Path(sys.argv[0]).resolve())
    except Unavailable as reason:
        for program in programs:
            hindrance = elf.why_not(program)
            if hindrance:
                raise Refused(f"{hindrance}. The kernel's hook would do it, but: {reason}", 126) from reason
        text = turned.BY_LIBRARY.format(name=name, library=preload.library())
    note(f"{turned.write_drop_in(name, text)} is written: from its next start on {name}.service is turned")


def run(args):
    instead = [args.cgroup, args.service, args.container]
    if sum(map(bool, instead)) + bool(args.program) > 1:
        raise Refused("a program, --cgroup, --service or --container: one of them", 2)
    try:
        if args.cgroup:
            turn_cgroup(turned.cgroup_at(args.cgroup), args)
        elif args.container:
            turn_cgroup(cgroup_of_container(args.container), args)
        elif args.service:
            turn_service(args.service)
        else:
            run_program(args)
    except Unavailable as reason:
        raise Refused(str(reason), 126) from reason
