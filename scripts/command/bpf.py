"""
bpf(2) without a library and without a compiler: the program that turns sockets, its maps, and where they are kept.

socket(2) asks update_socket_protocol() (net/socket.c, since Linux 6.6), which a BPF program may answer in its place
(modify_return). Ours answers 253 for a TCP socket whose process is in one of the cgroups of a map, or below.
"""
import ctypes
import os
import pathlib
import struct

from command.system import PROTOCOL, syscall, syscall_number

HOOK = "update_socket_protocol"
BTF = pathlib.Path("/sys/kernel/btf/vmlinux")
BPF = syscall_number(x86_64=321, rest=280)
MAP_CREATE, MAP_LOOKUP, MAP_UPDATE, MAP_DELETE, MAP_NEXT_KEY, PROG_LOAD, OBJ_PIN, OBJ_GET = range(8)
RAW_TRACEPOINT_OPEN = 17
MAP_HASH, MAP_LRU_HASH = 1, 9
PROG_TRACING = ATTACH_MODIFY_RETURN = 26


# -- the system call --------------------------------------------------------------------------------------------------


def address(buffer):
    return ctypes.addressof(buffer) if buffer else 0


def bpf(command, layout, *values):
    attr = ctypes.create_string_buffer(struct.pack("=" + layout, *values))
    return syscall(BPF, command, attr, ctypes.c_ulong(len(attr) - 1))  # without the 0 that Python adds


def text(string):
    return ctypes.create_string_buffer(os.fsencode(string))


def create_map(kind, name, key_size, value_size, most):
    return bpf(MAP_CREATE, "IIIIIII16s", kind, key_size, value_size, most, 0, 0, 0, name.encode())


def pin(fd, path):
    name = text(path)
    bpf(OBJ_PIN, "QI", address(name), fd)


def get(path):
    name = text(path)
    return bpf(OBJ_GET, "QII", address(name), 0, 0)


def update(fd, key, value):
    buffers = [ctypes.create_string_buffer(part, len(part)) for part in (key, value)]
    bpf(MAP_UPDATE, "I4xQQQ", fd, address(buffers[0]), address(buffers[1]), 0)


def delete(fd, key):
    """Gives whether it was there."""
    buffer = ctypes.create_string_buffer(key, len(key))
    try:
        bpf(MAP_DELETE, "I4xQ", fd, address(buffer))
    except FileNotFoundError:
        return False
    return True


def entries(fd, key_size, value_size):
    """All (key, value) of a map."""
    key, value = None, ctypes.create_string_buffer(value_size)
    while True:
        following = ctypes.create_string_buffer(key_size)
        try:
            bpf(MAP_NEXT_KEY, "I4xQQ", fd, address(key), address(following))
            key = following
            bpf(MAP_LOOKUP, "I4xQQQ", fd, address(key), address(value), 0)
        except FileNotFoundError:
            if key is not following:
                return
            continue  # it went meanwhile
        yield key.raw, value.raw


# -- where the kernel's function is -----------------------------------------------------------------------------------

KIND_FUNC = 12
# Octets behind the three words of a type: a fixed number, or so many for each member.
FIXED = {1: 4, 3: 12, 14: 4, 17: 4}
EACH = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}


def btf_id(name):
    """The number of a function of the kernel among its types; None: it has no such function."""
    data = BTF.read_bytes()
    header, types, types_len, strings, strings_len = struct.unpack_from("=4xIIIII", data)
    at = data.find(b"\0" + name.encode() + b"\0", header + strings, header + strings + strings_len)
    wanted = at + 1 - header - strings
    number, where, end = 1, header + types, header + types + types_len
    while at >= 0 and where < end:
        name_at, info = struct.unpack_from("=II", data, where)
        kind = info >> 24 & 31
        if kind == KIND_FUNC and name_at == wanted:
            return number
        where += 12 + FIXED.get(kind, EACH.get(kind, 0) * (info & 0xFFFF))
        number += 1
    return None


# -- the program ------------------------------------------------------------------------------------------------------

R0, R1, R2, R3, R4, _, R6, R7, R8, R9, FRAME = range(11)
LOOKUP, UPDATE, PID_TGID, COMM, ANCESTOR = 1, 2, 14, 16, 123  # enum bpf_func_id
LEVELS = 32  # of cgroups that are looked at
KEY = -32  # in the frame: struct {u64 cgroup; u32 process; u32 family; char name[16]}
ONE = -40


class Program:
    """Instructions with named targets of jumps. Operations are those of linux/bpf.h."""

    def __init__(self):
        self.code, self.labels = [], {}

    def put(self, op, dst=0, src=0, off=0, imm=0):
        self.code.append((op, dst, src, off, imm))

    def label(self, name):
        self.labels[name] = len(self.code)

    def move(self, dst, src):
        self.put(0xBF, dst, src)

    def set(self, dst, value):
        self.put(0xB7, dst, imm=value)

    def add(self, dst, value):
        self.put(0x07, dst, imm=value)

    def call(self, function):
        self.put(0x85, imm=function)

    def load(self, dst, src, off):
        self.put(0x79, dst, src, off)

    def store(self, off, src):
        self.put(0x7B, FRAME, src, off)

    def store32(self, off, src):
        self.put(0x63, FRAME, src, off)

    def map(self, dst, fd):
        self.put(0x18, dst, 1, imm=fd)
        self.put(0)

    def frame(self, dst, off):
        self.move(dst, FRAME)
        self.add(dst, off)

    def jump(self, condition, dst, value, target):
        """Of the lower half of a register."""
        self.put({"==": 0x16, "!=": 0x56, "<": 0xA6}[condition], dst, off=target, imm=value)

    def jump64(self, condition, dst, target):
        """Compared with 0, as addresses are."""
        self.put({"==": 0x15, "!=": 0x55}[condition], dst, off=target)

    def count(self, dst, off):
        """An atomic addition of 1."""
        self.set(R1, 1)
        self.put(0xDB, dst, R1, off)

    def end(self, value):
        self.set(R0, value)
        self.put(0x95)

    def octets(self):
        out = b""
        for at, (op, dst, src, off, imm) in enumerate(self.code):
            if isinstance(off, str):
                off = self.labels[off] - at - 1
            out += struct.pack("=BBhi", op, dst | src << 4, off, imm)
        return out


def is_tcp(p):
    """Arguments of socket(): AF_INET or AF_INET6, SOCK_STREAM, 0 or IPPROTO_TCP. R7: the family."""
    p.load(R7, R6, 0)
    p.put(0xBC, R7, R7)  # an int: the upper half may be anything
    p.jump("==", R7, 2, "family")
    p.jump("!=", R7, 10, "not ours")
    p.label("family")
    p.load(R1, R6, 8)
    p.put(0x57, R1, imm=15)  # without SOCK_NONBLOCK and SOCK_CLOEXEC
    p.jump("!=", R1, 1, "not ours")
    p.load(R1, R6, 16)
    p.jump("==", R1, 0, "tcp")
    p.jump("!=", R1, 6, "not ours")
    p.label("tcp")


def in_cgroup(p, cgroups):
    """Looks for the process's cgroup and those above it, from the root on. R9: the entry; its id is in the frame."""
    p.set(R8, 0)
    p.label("level")
    p.move(R1, R8)
    p.call(ANCESTOR)
    p.jump64("==", R0, "not ours")
    p.store(KEY, R0)
    p.map(R1, cgroups)
    p.frame(R2, KEY)
    p.call(LOOKUP)
    p.jump64("!=", R0, "found")
    p.add(R8, 1)
    p.jump("<", R8, LEVELS, "level")
    p.label("not ours")
    p.end(0)
    p.label("found")
    p.move(R9, R0)


def family_is_done(p):
    """Bit 0 of the entry: IPv4; bit 1: IPv6. What the module cannot do stays TCP."""
    p.load(R1, R9, 0)
    p.jump("==", R7, 2, "judge")
    p.put(0x77, R1, imm=1)
    p.label("judge")
    p.put(0x57, R1, imm=1)
    p.jump("==", R1, 0, "not ours")


def remember(p, sockets):
    """One more of the cgroup, and of the process and family."""
    p.count(R9, 8)
    p.call(PID_TGID)
    p.put(0x77, R0, imm=32)
    p.store32(KEY + 8, R0)
    p.store32(KEY + 12, R7)
    p.frame(R1, KEY + 16)
    p.set(R2, 16)
    p.call(COMM)
    p.map(R1, sockets)
    p.frame(R2, KEY)
    p.call(LOOKUP)
    p.jump64("==", R0, "first")
    p.count(R0, 0)
    p.end(PROTOCOL)
    p.label("first")
    p.set(R1, 1)
    p.store(ONE, R1)
    p.map(R1, sockets)
    p.frame(R2, KEY)
    p.frame(R3, ONE)
    p.set(R4, 0)
    p.call(UPDATE)
    p.end(PROTOCOL)


def program(cgroups, sockets):
    p = Program()
    p.move(R6, R1)
    is_tcp(p)
    in_cgroup(p, cgroups)
    family_is_done(p)
    remember(p, sockets)
    return p.octets()


def load(code, attach_to):
    """Gives the program's descriptor; `attach_to` is the number of the kernel's function among its types."""
    instructions, licence = ctypes.create_string_buffer(code, len(code)), text("GPL")
    return bpf(PROG_LOAD, "IIQQIIQII16sII36xI", PROG_TRACING, len(code) // 8, address(instructions), address(licence),
               0, 0, 0, 0, 0, b"xtcp_turn", 0, ATTACH_MODIFY_RETURN, attach_to)


def attach(program_fd):
    """Gives a link: while it is held, by a descriptor or a pin, the program answers."""
    return bpf(RAW_TRACEPOINT_OPEN, "QI4x", 0, program_fd)
