"""Two hosts and a cable between them, for tests in one process: two network namespaces and a veth pair.

    host 0  10.6.0.1, fd06::1 ---- veth, netem at both ends ---- 10.6.0.2, fd06::2  host 1

A socket belongs to the namespace its thread was in when it was made: `with hosts[0]: sock = socket.socket(...)`.
"""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from xtcp_sockets import CLONE_NEWNET, PATIENCE, await_local, libc


def run(command, **how):
    """A command of iproute2 and the like; says what it said when it fails."""
    done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **how)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stdout}")
    return done.stdout


class Host:
    """A namespace. As a context: the calling thread is in it."""

    def __init__(self, number):
        self.name, self.device = f"oracle{number}", f"veth{number}"
        self.address = {socket.AF_INET: f"10.6.0.{number + 1}", socket.AF_INET6: f"fd06::{number + 1}"}
        run(f"ip netns add {self.name}")
        self.fd = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        self.outside = []

    def __enter__(self):
        self.outside.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))
        libc("setns", self.fd, CLONE_NEWNET)
        return self

    def __exit__(self, *_):
        fd = self.outside.pop()
        libc("setns", fd, CLONE_NEWNET)
        os.close(fd)

    def run(self, command):
        with self:
            return run(command)

    def configure(self):
        self.run("ip link set lo up")
        self.run(f"ip addr add {self.address[socket.AF_INET]}/24 dev {self.device}")
        self.run(f"ip addr add {self.address[socket.AF_INET6]}/64 dev {self.device} nodad")
        self.run(f"ip link set {self.device} up")
        with self:
            await_local(self.address[socket.AF_INET6])

    def sysctl(self, name, value):
        """Set /proc/sys/net/<name> of this namespace; gives the old value."""
        with self, open(f"/proc/sys/net/{name}", "r+", encoding="ascii") as file:
            old = file.read().strip()
            file.seek(0)
            file.write(f"{value}\n")
        return old

    def drops(self):
        """How many packets the rule of `losing` took so far."""
        words = self.run("nft list chain inet lost c").split()
        return int(words[words.index("packets") + 1])

    @contextlib.contextmanager
    def losing(self, what):
        """Packets that arrive here and match `what` (nft's words) are lost."""
        self.run("nft 'add table inet lost; add chain inet lost c { type filter hook prerouting priority -300; };"
                 f"add rule inet lost c {what} counter drop'")
        try:
            yield self
        finally:
            self.run("nft delete table inet lost")

    def await_drops(self, count):
        end = time.monotonic() + PATIENCE
        while self.drops() < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.drops()} of {count} packets came")
            time.sleep(0.01)

    def remove(self):
        os.close(self.fd)
        run(f"ip netns del {self.name}")


class TwoHosts:
    """Both hosts; what is on the cable can be written to a file."""

    def __init__(self):
        self.hosts = [Host(0), Host(1)]
        run("ip link add veth0 netns oracle0 type veth peer name veth1 netns oracle1")
        for host in self.hosts:
            host.configure()
        self.await_carrier()
        self.tcpdump = self.captured = self.capture_path = None

    def __getitem__(self, number):
        return self.hosts[number]

    def await_carrier(self):
        end = time.monotonic() + PATIENCE
        for host in self.hosts:
            while "LOWER_UP" not in host.run(f"ip link show {host.device}"):
                if time.monotonic() > end:
                    raise TimeoutError("no carrier")
                time.sleep(0.01)

    def offload(self, word):
        """Whether segments leave the hosts larger than the cable takes and without checksums ("on") or not ("off")."""
        for host in self.hosts:
            host.run(f"ethtool -K {host.device} tx {word} tso {word} gso {word} gro {word}")

    def link(self, netem=""):
        """What the cable does to packets, each way: nothing, or netem's words."""
        for host in self.hosts:
            host.run(f"tc qdisc del dev {host.device} root 2>/dev/null || true")
            if netem:
                host.run(f"tc qdisc add dev {host.device} root netem limit 10000 {netem}")

    def capture(self, path, what):
        """Write the packets that match `what` (tcpdump's words) to the file, until end_capture().

        To memory first: tcpdump writes packet by packet, and a directory of the host's is slow.
        """
        self.capture_path = path
        self.captured = tempfile.NamedTemporaryFile(suffix=".pcap")  # pylint: disable=consider-using-with
        with self.hosts[1]:
            self.tcpdump = subprocess.Popen(
                ["tcpdump", "-Z", "root", "-i", self.hosts[1].device, "-s", "0", "-B", "65536", "-U",
                 "--immediate-mode", "-w", self.captured.name, what],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while "listening on" not in (line := self.tcpdump.stderr.readline()):
            if not line:
                raise RuntimeError("tcpdump does not listen")

    def end_capture(self):
        size = -1
        while size < (size := os.path.getsize(self.captured.name)):  # tcpdump still has something to write
            time.sleep(0.1)
        self.tcpdump.send_signal(signal.SIGINT)
        said = self.tcpdump.communicate()[1]
        with self.captured as file:
            shutil.copyfile(file.name, self.capture_path)
        if "\n0 packets dropped by kernel" not in said:
            raise RuntimeError(f"tcpdump: {said}")

    def remove(self):
        for host in self.hosts:
            host.remove()
