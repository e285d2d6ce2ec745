"""What sockets hold is charged to the memory cgroup of who made or accepted them: neither more nor less."""
import contextlib
import mmap
import os
import socket
import subprocess
import tempfile
import unittest

from xtcp_sockets import SocketTest, fill

MIB = 1 << 20
STOCK = 2 * MIB  # what CPUs hold in advance, and what the process needs beside
CONNECTIONS = 1000  # a page each would show


class Memory(SocketTest):
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
        if not os.path.exists(f"{self.group}/memory.current"):
            self.skipTest("no memory controller here")

    def current(self):
        with open(f"{self.group}/memory.current", encoding="ascii") as file:
            return int(file.read())

    def charged_to_sockets(self):
        with open(f"{self.group}/memory.stat", encoding="ascii") as file:
            return int(dict(line.split() for line in file)["sock"])

    def in_group(self, function):
        def run():
            self.write_file(f"{self.group}/cgroup.procs", str(os.getpid()))
            function()

        self.in_child(run)

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


if __name__ == "__main__":
    unittest.main()
