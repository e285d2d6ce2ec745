"""A seed for netem's chance, so that a link loses and reorders the same packets each time.

tc(8) of Debian 12 has no word for it yet.
"""

import ctypes
import os
import socket
import struct

RTM_NEWQDISC, RTM_GETQDISC, NLMSG_ERROR = 36, 38, 2
NLM_F_REQUEST, NLM_F_ACK, NLM_F_ECHO = 1, 4, 8
TC_H_ROOT, TCA_OPTIONS, TCA_NETEM_PRNG_SEED, LEN_QOPT = 0xffffffff, 2, 14, 24
HEADERS = 16 + 20  # struct nlmsghdr, struct tcmsg


def find(data, start, end, wanted):
    """Begin and end of what is in an attribute."""
    while start + 4 <= end:
        length, kind = struct.unpack_from("=HH", data, start)
        if kind & 0x3fff == wanted:
            return start + 4, start + length
        start += max(length + 3 & ~3, 4)
    raise LookupError(f"netlink attribute {wanted}")


def ask(sock, message, kind, flags):
    struct.pack_into("=IHHII", message, 0, len(message), kind, flags, 1, 0)
    sock.send(message)
    answer = bytearray(sock.recv(65536))
    if struct.unpack_from("=H", answer, 4)[0] == NLMSG_ERROR:
        error = -struct.unpack_from("=i", answer, 16)[0]
        if error:
            raise OSError(error, os.strerror(error))
    return answer


def reseed(dev, number):
    """As the qdisc of @dev says it is, but for the seed."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    message = bytearray(HEADERS)
    struct.pack_into("=BxxxiIII", message, 16, 0, socket.if_nametoindex(dev), 0, TC_H_ROOT, 0)
    is_now = ask(sock, message, RTM_GETQDISC, NLM_F_REQUEST | NLM_F_ECHO)
    start, end = find(is_now, HEADERS, len(is_now), TCA_OPTIONS)
    start, _ = find(is_now, start + LEN_QOPT, end, TCA_NETEM_PRNG_SEED)
    struct.pack_into("=Q", is_now, start, number)
    ask(sock, is_now, RTM_NEWQDISC, NLM_F_REQUEST | NLM_F_ACK)


def seed(netns, dev, number):
    """By a child: who goes to another namespace stays there."""
    pid = os.fork()
    if not pid:
        try:
            with open(f"/run/netns/{netns}", encoding="utf-8") as there:
                if ctypes.CDLL(None, use_errno=True).setns(there.fileno(), 0):
                    raise OSError(ctypes.get_errno(), "setns")
            reseed(dev, number)
            os._exit(0)
        finally:
            os._exit(1)
    if os.waitpid(pid, 0)[1]:
        raise RuntimeError(f"no seed for {dev}")
