"""xtcp abort: ends connections, through /proc/net/xtcp_abort."""
import errno
import pathlib
import re

from command.system import Refused, need_module

FILE = pathlib.Path("/proc/net/xtcp_abort")


def ends(local, remote):
    """
    As ss shows them to as the kernel takes them. A * is all addresses: of IPv6, unless the other end has one of IPv4;
    or no port.
    """
    both = local + remote
    any_address = "0.0.0.0" if "." in both and "[" not in both else "[::]"
    local, remote = (re.sub(r"^\*(?=:)", any_address, end) for end in (local, remote))
    return local, re.sub(r":\*$", ":0", remote)


def abort(args):
    if args.what != ["all"] and len(args.what) != 2:
        raise Refused("abort all, or abort LOCAL REMOTE", 2)
    need_module(what="; there is nothing to abort")
    said = " ".join(args.what)
    try:
        FILE.write_text("all\n" if args.what == ["all"] else " ".join(ends(*args.what)) + "\n", encoding="ascii")
    except (OSError, UnicodeError) as error:
        number = getattr(error, "errno", errno.EINVAL)
        if number == errno.ENOENT:
            raise Refused(f"no connection or listener {said}") from error
        if number == errno.EINVAL:
            raise Refused(f"{said}: not two addresses with ports, as 127.0.0.1:80 or [::1]:80 or *:80") from error
        if number in (errno.EPERM, errno.EACCES):
            raise Refused("this needs root (CAP_NET_ADMIN) in this network namespace") from error
        raise Refused(str(error)) from error
