"""
What sockets hold is charged to the memory cgroup of who made or accepted them, neither more nor less; and the BPF
programs of a cgroup are asked.
"""
import contextlib
import ctypes
import errno
import mmap
import os
import platform
import socket
import struct
import subprocess
import tempfile
import time
import unittest

from xtcp_sockets import A_WHILE, PROTO, SYN_SENT, SocketTest, fill, tcp_state

MSG_FASTOPEN = 0x20000000
MIB = 1 << 20
STOCK = 2 * MIB  # what CPUs hold in advance, and what the process needs beside
CONNECTIONS = 1000  # a page each would show


class CgroupTest(SocketTest):
    def setUp(self):
        super().setUp()
        root = tempfile.mkdtemp()
        self.addCleanup(os.rmdir, root)
        if subprocess.run(["mount", "-t", "cgroup2", "none", root], check=False, capture_output=True).returncode:
            self.skipTest("no cgroup v2 here")
        self.addCleanup(subprocess.run, ["umount", root], check=True)
        with contextlib.suppress(OSError):
            self.write_file(f"{root}/cgroup.subtree_control", "+memory")
        self.group = tempfile.mkdtemp(dir=root)
        self.addCleanup(os.rmdir, self.group)

    def join(self):
        self.write_file(f"{self.group}/cgroup.procs", str(os.getpid()))

    def in_group(self, function):
        def run():
            self.join()
            function()

        self.in_child(run)


class Memory(CgroupTest):
    def setUp(self):
        super().setUp()
        if not os.path.exists(f"{self.group}/memory.current"):
            self.skipTest("no memory controller here")

    def current(self):
        with open(f"{self.group}/memory.current", encoding="ascii") as file:
            return int(file.read())

    def charged_to_sockets(self):
        with open(f"{self.group}/memory.stat", encoding="ascii") as file:
            return int(dict(line.split() for line in file)["sock"])

    def test_closing_gives_nothing_back_that_was_not_charged(self):
        listener = self.listener()

        def serve():
            for _ in range(CONNECTIONS):
                listener.accept()[0].close()

        def connect():
            touched = mmap.mmap(-1, 16 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            touched.write(bytes(len(touched)))
            before = self.current()
            for _ in range(CONNECTIONS):
                client = socket.socket(listener.family, listener.type, listener.proto)
                client.connect(listener.getsockname())
                client.close()
            self.assertGreater(self.current(), before - STOCK)

        server = self.child(serve)
        self.in_group(connect)
        server.result()

    def test_who_accepts_pays(self):
        listener = self.listener()
        client = self.connected(listener)
        client.sendall(bytes(20000))

        def accept():
            server = listener.accept()[0]
            # What came before is charged as well as what is sent after; the figure comes some time later.
            self.eventually(lambda: self.charged_to_sockets() >= 16384)
            early = self.charged_to_sockets()
            fill(server)
            self.eventually(lambda: self.charged_to_sockets() > early + 65536)

        self.in_group(accept)
        client.close()
        self.eventually(lambda: self.charged_to_sockets() == 0)


@unittest.skipUnless(platform.machine() == "x86_64", "the number of bpf(2) is that of x86_64")
class Programs(CgroupTest):
    """One that says no to everything is asked what the kernel's TCP would ask it."""
    BPF, LOAD, ATTACH = 321, 5, 8
    SKB, SOCK_ADDR = 8, 18  # kinds of programs
    EGRESS, CONNECT4, CONNECT6 = 1, 10, 11  # where they are attached

    def bpf(self, command, attributes):
        result = ctypes.CDLL(None, use_errno=True).syscall(self.BPF, command, attributes, len(attributes))
        if result < 0:
            raise OSError(ctypes.get_errno(), "bpf")
        return result

    def forbid(self, kind, where):
        no = ctypes.create_string_buffer(struct.pack("=BBhiBBhi", 0xb7, 0, 0, 0, 0x95, 0, 0, 0))  # r0 = 0; exit
        licence = ctypes.create_string_buffer(b"GPL")
        attributes = struct.pack("=IIQQIIQII16sII", kind, 2, ctypes.addressof(no), ctypes.addressof(licence),
                                 0, 0, 0, 0, 0, b"", 0, where)
        try:
            program = self.bpf(self.LOAD, attributes)
        except OSError:
            self.skipTest("no BPF programs for cgroups here")
        group = os.open(self.group, os.O_RDONLY)
        self.bpf(self.ATTACH, struct.pack("=IIII", group, program, where, 0))
        os.close(program)
        os.close(group)

    def assert_forbidden(self, family, where):
        listener = self.keep(socket.socket(family, socket.SOCK_STREAM, PROTO))
        listener.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        listener.listen()
        self.forbid(self.SOCK_ADDR, where)

        def call():
            with socket.socket(family, socket.SOCK_STREAM, PROTO) as client, self.raises(errno.EPERM):
                client.connect(listener.getsockname())
            with socket.socket(family, socket.SOCK_STREAM, PROTO) as client, self.raises(errno.EPERM):
                client.sendto(b"hello", MSG_FASTOPEN, listener.getsockname())

        self.in_group(call)
        with socket.socket(family, socket.SOCK_STREAM, PROTO) as other:
            other.connect(listener.getsockname())

    def test_connect4(self):
        self.assert_forbidden(socket.AF_INET, self.CONNECT4)

    def test_connect6(self):
        self.assert_forbidden(socket.AF_INET6, self.CONNECT6)

    def test_egress_of_a_listener(self):
        """Its SYN-ACKs are its own, though no connection sends them."""
        ready = os.pipe()

        def serve():
            self.join()
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM, PROTO) as listener:
                listener.bind(("127.0.0.1", 0))
                listener.listen()
                os.write(ready[1], str(listener.getsockname()[1]).encode())
                listener.accept()

        self.forbid(self.SKB, self.EGRESS)
        server = self.child(serve)
        client = self.socket()
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", int(os.read(ready[0], 10))))
        time.sleep(A_WHILE)
        self.assertEqual(tcp_state(client), SYN_SENT)
        server.kill()


if __name__ == "__main__":
    unittest.main()
