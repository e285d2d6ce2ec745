"""Ending it: /proc/net/xtcp_abort and the command xtcp abort."""
import contextlib
import errno
import os
import pathlib
import select
import socket
import subprocess
import threading

from test_admin import AdminTest, counters, drop_everything, rows
from xtcp_sockets import (CLONE_NEWNET, CLOSE, ESTABLISHED, FIN_WAIT1, LISTEN, PROTO, SIOCOUTQ, TIME_WAIT, Task,
                          error_of, fill, ioctl_int, libc, loopback_up, raw_connect, set_linger, tcp_state,
                          unshare_network)

ABORT = pathlib.Path("/proc/net/xtcp_abort")
COMMAND = str(pathlib.Path(__file__).parent.parent / "xtcp")
SYN_RCVD = 3
CLONE_NEWUSER = 0x10000000
PR_SET_DUMPABLE = 4


def abort(text="all"):
    ABORT.write_text(text, encoding="ascii")


def name(address):
    return "%s:%d" % address


class AbortTest(AdminTest):
    """Every test has a network namespace to itself: xtcp_abort ends what it finds."""

    def run(self, result=None):
        test = getattr(self, self._testMethodName)

        def inside():
            unshare_network()
            loopback_up()
            self._cleanups = []  # the parent's own, which it does itself
            try:
                test()
            finally:
                self.doCleanups()

        if PROTO == 253:
            setattr(self, self._testMethodName, lambda: self.in_child(inside))
        return super().run(result)

    def abort_one(self, sock):
        abort(f"{name(sock.getsockname())} {name(sock.getpeername())}")


class One(AbortTest):
    def test_one_end_econnaborted_the_other_econnreset(self):
        client, server = self.pair()
        others = self.pair()
        before = counters()
        self.abort_one(client)
        self.assertEqual(tcp_state(client), CLOSE)
        self.assertEqual(error_of(client), errno.ECONNABORTED)
        self.await_events(server, "IN OUT ERR HUP RDHUP")
        self.assertEqual(error_of(server), errno.ECONNRESET)
        self.assert_talking(*others)
        after = counters()
        for counter in "AbortByAdmin", "OutRsts", "InRsts":
            self.assertEqual(after[counter] - before[counter], 1, counter)

    def test_who_sleeps_in_it_wakes_up(self):
        client, _ = self.pair()
        reader = Task(client.recv, 1)
        self.assert_blocked(reader)
        self.abort_one(client)
        with self.raises(errno.ECONNABORTED):
            reader.result()

    def test_who_sleeps_in_send_wakes_up(self):
        client, _ = self.small_pair()
        fill(client)
        writer = Task(client.sendall, bytes(1000000))
        self.assert_blocked(writer)
        self.abort_one(client)
        with self.raises(errno.ECONNABORTED):
            writer.result()

    def test_unsent_text_is_gone(self):
        client, server = self.small_pair()
        fill(client)
        self.abort_one(client)
        self.assertEqual(ioctl_int(client, SIOCOUTQ), 0)
        server.close()

    def test_connect_again_afterwards(self):
        listener = self.listener()
        client, _ = self.pair(listener)
        self.abort_one(client)
        self.assertEqual(error_of(client), errno.ECONNABORTED)
        raw_connect(client, ("0.0.0.0", 0), socket.AF_UNSPEC)
        client.connect(listener.getsockname())
        self.assert_talking(client, self.accept(listener))

    def test_connecting(self):
        self.blackhole()
        client = self.bound("10.9.9.1")
        task = Task(client.connect, ("10.9.9.2", 80))
        self.assert_blocked(task)
        before = counters()
        abort(f"{name(client.getsockname())} 10.9.9.2:80")
        with self.raises(errno.ECONNABORTED):
            task.result()
        self.assertEqual(counters()["ActiveAborted"] - before["ActiveAborted"], 1)
        self.assertEqual(counters()["OutRsts"], before["OutRsts"])

    def test_lingering_close(self):
        client, server = self.small_pair()
        fill(client)
        local, remote = client.getsockname(), client.getpeername()
        set_linger(client, 1, 60)
        closer = Task(client.close)
        self.assert_blocked(closer)
        abort(f"{name(local)} {name(remote)}")
        closer.result()
        server.close()

    def test_listener_by_its_row(self):
        listener = self.listener()
        other = self.listener()
        waiting = self.connected(listener)
        self.await_events(listener, "IN")
        abort(f"{name(listener.getsockname())} 0.0.0.0:0")
        self.assertEqual(tcp_state(listener), CLOSE)
        self.assertEqual(error_of(listener), errno.ECONNABORTED)
        self.await_events(waiting, "IN OUT ERR HUP RDHUP")
        with self.raises(errno.ECONNREFUSED):
            self.connected(listener)
        self.pair(other)

    def test_listener_of_one_address(self):
        """And not those at others of the same port."""
        one = self.listener()
        port = one.getsockname()[1]
        other = self.listener(host="127.0.0.2", port=port)
        abort(f"127.0.0.1:{port} 0.0.0.0:0")
        self.assertEqual((tcp_state(one), tcp_state(other)), (CLOSE, LISTEN))
        with self.raises(errno.ENOENT):
            abort(f"127.0.0.3:{port} 0.0.0.0:0")

    def test_connection_of_one_address(self):
        listener = self.listener(host="0.0.0.0")
        port = listener.getsockname()[1]
        one = self.bound("127.0.0.1")
        other = self.bound("127.0.0.2", port=one.getsockname()[1])
        for client in one, other:
            client.connect(("127.0.0.1", port))
        self.abort_one(other)
        self.assertEqual((tcp_state(one), tcp_state(other)), (ESTABLISHED, CLOSE))
        with self.raises(errno.ENOENT):
            abort(f"{name(one.getsockname())} 127.0.0.2:{port}")

    def test_accept_wakes_up(self):
        listener = self.listener()
        task = Task(listener.accept)
        self.assert_blocked(task)
        abort()
        with self.raises(errno.EINVAL, errno.ECONNABORTED):
            task.result()

    def test_half_open(self):
        listener = self.listener()
        client = self.socket(socket.SOCK_NONBLOCK)
        drop_everything(client)
        client.connect_ex(listener.getsockname())
        self.eventually(lambda: SYN_RCVD in [r[0] for r in rows()])
        before = counters()["RequestAborted"]
        abort(f"{name(listener.getsockname())} {name(client.getsockname())}")
        self.assertNotIn(SYN_RCVD, [r[0] for r in rows()])
        self.assertEqual(counters()["RequestAborted"] - before, 1)

    def test_time_wait(self):
        client, server = self.pair()
        local, remote = client.getsockname(), client.getpeername()
        client.close()
        server.close()
        self.eventually(lambda: TIME_WAIT in [r[0] for r in rows()])
        abort(f"{name(local)} {name(remote)}")
        self.assertNotIn(TIME_WAIT, [r[0] for r in rows()])

    def blackhole(self):
        """10.9.9.0/24 is a network where nobody answers."""
        subprocess.run("ip link add d0 type dummy && ip addr add 10.9.9.1/24 dev d0 && ip link set d0 up",
                       shell=True, check=True)


class Ipv6(AbortTest):
    """[ADDRESS]:PORT, as ss shows sockets of AF_INET6, those that speak IPv4 among them."""

    def pair6(self, address):
        """A connection between sockets of AF_INET6, and their addresses as xtcp_abort takes them."""
        listener = self.keep(socket.socket(socket.AF_INET6, socket.SOCK_STREAM, PROTO))
        listener.bind((address, 0))
        listener.listen()
        client = self.keep(socket.socket(socket.AF_INET6, socket.SOCK_STREAM, PROTO))
        client.connect(listener.getsockname())
        server = self.accept(listener)
        names = [f"[{sock.getsockname()[0]}]:{sock.getsockname()[1]}" for sock in (client, server, listener)]
        return client, server, listener, names

    def check(self, address):
        client, server, listener, names = self.pair6(address)
        abort(f"{names[0]} {names[1]}")
        self.assertEqual(error_of(client), errno.ECONNABORTED)
        self.await_events(server, "IN OUT ERR HUP RDHUP")
        self.assertEqual(tcp_state(listener), LISTEN)
        return names[2], listener

    def test_ipv6(self):
        name_, listener = self.check("::1")
        abort(f"{name_} [::]:0")
        self.assertEqual(error_of(listener), errno.ECONNABORTED)

    def test_ipv4_mapped(self):
        name_, listener = self.check("::ffff:127.0.0.1")
        abort(f"{name_} [::]:0")
        self.assertEqual(error_of(listener), errno.ECONNABORTED)

    def test_listener_of_one_address(self):
        listeners = []
        for address in "::1", "::ffff:127.0.0.1":
            port = listeners[0].getsockname()[1] if listeners else 0
            listeners.append(self.keep(socket.socket(socket.AF_INET6, socket.SOCK_STREAM, PROTO)))
            listeners[-1].bind((address, port))
            listeners[-1].listen()
        abort(f"[::1]:{listeners[0].getsockname()[1]} [::]:0")
        self.assertEqual([tcp_state(listener) for listener in listeners], [CLOSE, LISTEN])

    def test_wildcard_listener(self):
        listener = self.keep(socket.socket(socket.AF_INET6, socket.SOCK_STREAM, PROTO))
        listener.bind(("::", 0))
        listener.listen()
        with self.raises(errno.ENOENT):
            abort(f"0.0.0.0:{listener.getsockname()[1]} 0.0.0.0:0")
        abort(f"[::]:{listener.getsockname()[1]} [::]:0")
        self.assertEqual(error_of(listener), errno.ECONNABORTED)


class All(AbortTest):
    def test_everything_there_can_be(self):
        listener = self.listener()
        pairs = [self.pair(listener) for _ in range(30)]
        for client, server in pairs[:10]:  # to TIME_WAIT
            client.close()
            server.close()
        for client, _ in pairs[10:20]:  # to FIN_WAIT_2, as orphans
            client.close()
        half_open = self.socket(socket.SOCK_NONBLOCK)
        drop_everything(half_open)
        half_open.connect_ex(listener.getsockname())
        self.eventually(lambda: SYN_RCVD in [r[0] for r in rows()])
        abort()
        self.assertEqual(rows(), [])
        for sock in [listener] + [s for pair in pairs[20:] for s in pair]:
            self.assertEqual(tcp_state(sock), CLOSE)
            self.assertIn(error_of(sock), (errno.ECONNABORTED, errno.ECONNRESET))

    def test_orphans_whose_peer_is_gone(self):
        client, server = self.pair()
        subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
        client.close()
        server.close()
        self.assertEqual([r[0] for r in rows() if r[0] != LISTEN], [FIN_WAIT1, FIN_WAIT1])
        abort()
        self.assertEqual(rows(), [])

    def test_nothing_there_is_fine(self):
        abort()
        abort("all\n")

    def test_another_namespace_is_left_alone(self):
        client, server = self.pair()

        def inside():
            unshare_network()
            abort()
        self.in_child(inside)
        self.assert_talking(client, server)

    def test_ends_under_load(self):
        """Programs connect, accept, send and close as fast as they can, while all is aborted again and again."""
        done = threading.Event()

        def serve():
            with contextlib.suppress(OSError):
                while not done.is_set():
                    listener = self.listener()
                    with contextlib.suppress(OSError):
                        while not done.is_set():
                            self.use(listener)
                    listener.close()

        workers = [Task(serve) for _ in range(4)]
        for _ in range(200):
            abort()
        done.set()
        abort()
        for worker in workers:
            worker.result()
        abort()
        self.assertEqual(rows(), [])

    @staticmethod
    def use(listener):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, PROTO) as client:
            client.connect(listener.getsockname())
            if not select.select([listener], [], [], 1)[0]:
                return
            server, _ = listener.accept()
            with server:
                client.send(b"hello")
                server.recv(5)


class Refused(AbortTest):
    def test_what_is_no_target(self):
        for bad in ("", "ALL", "all all", "127.0.0.1:80", "127.0.0.1:80 127.0.0.1", "127.0.0.1:80 [::1]:80",
                    "127.0.0.1:65536 127.0.0.1:80", "127.0.0.1:80 127.0.0.1:x", "127.0.0:80 127.0.0.1:80",
                    "localhost:80 127.0.0.1:80", "[::1:80 [::1]:80", "::1:80 ::1:80", "[::g]:80 [::1]:80",
                    "127.0.0.1:80 127.0.0.1:81 x", "x" * 3000):
            with self.subTest(bad):
                with self.raises(errno.EINVAL):
                    abort(bad + "\n")

    def test_who_is_not_there(self):
        for pair in "127.0.0.1:80 127.0.0.1:81", "[::1]:80 [::1]:81", "0.0.0.0:80 0.0.0.0:0", "[::]:80 [::]:0":
            with self.subTest(pair), self.raises(errno.ENOENT):
                abort(pair)

    def test_nobody_may_not(self):
        def inside():
            with self.raises(errno.EPERM):
                abort()
        self.as_nobody(inside)

    def enter_user_namespace(self, flags=0):
        """As root of it."""
        try:
            libc("unshare", CLONE_NEWUSER | flags)
        except OSError as error:
            self.skipTest(f"no user namespaces for everybody: {error}")
        libc("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)  # /proc/self is ours
        self.write_file("/proc/self/uid_map", "0 65534 1")

    def test_root_of_a_user_namespace_may_in_his_own(self):
        def inside():
            self.enter_user_namespace(CLONE_NEWNET)
            loopback_up()
            client, _ = self.pair()
            abort()
            self.assertEqual(tcp_state(client), CLOSE)
        self.as_nobody(inside)

    def test_root_of_a_user_namespace_may_not_in_another(self):
        def inside():
            self.enter_user_namespace()
            with self.raises(errno.EPERM):
                abort()
        self.as_nobody(inside)

    def test_root_without_the_capability_may_not(self):
        ended = subprocess.run(["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin",
                                COMMAND, "abort", "all"], capture_output=True, text=True, check=False)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("needs root (CAP_NET_ADMIN)", ended.stderr)

    def test_who_opened_it_counts(self):
        """No one may have another write for him, to whom a descriptor is only one of his own."""
        listener = self.listener()

        def inside():
            os.setegid(65534)
            os.seteuid(65534)
            with ABORT.open("w", encoding="ascii") as file:
                os.seteuid(0)
                with self.raises(errno.EPERM):
                    os.write(file.fileno(), b"all")
        self.in_child(inside)
        self.assertEqual(tcp_state(listener), LISTEN)

    def test_a_file_handed_over_may(self):
        listener = self.listener()
        with ABORT.open("w", encoding="ascii") as file:
            self.as_nobody(lambda: os.write(file.fileno(), b"all"))
        self.assertEqual(error_of(listener), errno.ECONNABORTED)

    def test_write_only(self):
        self.assertEqual(ABORT.stat().st_mode & 0o777, 0o222)
        self.assertEqual(ABORT.read_text(encoding="ascii"), "")


class Command(AbortTest):
    def command(self, *args):
        ended = subprocess.run([COMMAND, "abort", *args], capture_output=True, text=True, check=False)
        return ended.returncode, ended.stderr

    def test_one(self):
        client, server = self.pair()
        self.assertEqual(self.command(name(client.getsockname()), name(client.getpeername())), (0, ""))
        self.assertEqual(error_of(client), errno.ECONNABORTED)
        server.close()

    def listener_of(self, family, address, port=0):
        listener = self.keep(socket.socket(family, socket.SOCK_STREAM, PROTO))
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, port != 0)
        listener.bind((address, port))
        listener.listen()
        return listener

    def test_listeners_as_ss_shows_them(self):
        for family, address, local, remote in (
                (socket.AF_INET, "0.0.0.0", "0.0.0.0", "0.0.0.0"), (socket.AF_INET, "127.0.0.1", "127.0.0.1", "*"),
                (socket.AF_INET6, "::", "*", "*"), (socket.AF_INET6, "::", "[::]", "[::]"),
                (socket.AF_INET6, "::1", "[::1]", "[::]"), (socket.AF_INET6, "::1", "[::1]", "*")):
            for port in "*", "0":
                listener = self.listener_of(family, address)
                pair = f"{local}:{listener.getsockname()[1]}", f"{remote}:{port}"
                with self.subTest(pair):
                    self.assertEqual(self.command(*pair), (0, ""))
                    self.assertEqual(error_of(listener), errno.ECONNABORTED)

    def test_one_listener_and_not_the_other(self):
        one = self.listener_of(socket.AF_INET, "0.0.0.0")
        port = one.getsockname()[1]
        other = self.listener_of(socket.AF_INET6, "::", port)
        self.assertEqual(self.command(f"*:{port}", "*:*"), (0, ""))
        self.assertEqual((tcp_state(one), tcp_state(other)), (LISTEN, CLOSE))

    def test_all(self):
        listener = self.listener()
        self.assertEqual(self.command("all"), (0, ""))
        self.assertEqual(error_of(listener), errno.ECONNABORTED)

    def test_errors_in_words(self):
        status, said = self.command("127.0.0.1:80", "127.0.0.1:81")
        self.assertEqual(status, 1)
        self.assertIn("no connection or listener 127.0.0.1:80 127.0.0.1:81", said)
        status, said = self.command("here", "there")
        self.assertEqual(status, 1)
        self.assertIn("not two addresses", said)
        self.assertEqual(self.command("none")[0], 2)
        self.assertEqual(self.command()[0], 2)
