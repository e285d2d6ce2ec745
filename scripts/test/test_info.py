"""TCP_INFO, field by field: what the kernel's TCP says after the same exchange is what xtcp has to say."""
import socket
import struct
import subprocess
import time
import unittest

from xtcp_sockets import (CLOCK, CLOSE, CLOSE_WAIT, ESTABLISHED, FIN_WAIT2, LISTEN, LOCALHOST, PROTO, SOL_TCP, SYN_SENT,
                          SocketTest, Task, disconnect, fill, loopback_up, recv_exactly, unshare_network)

# struct tcp_info of linux/tcp.h behind its first eight octets, as far as Linux 6.12 has it
U32, U64 = "I", "Q"
FIELDS = [(name, U32) for name in (
    "rto ato snd_mss rcv_mss unacked sacked lost retrans fackets last_data_sent last_ack_sent last_data_recv "
    "last_ack_recv pmtu rcv_ssthresh rtt rttvar snd_ssthresh snd_cwnd advmss reordering rcv_rtt rcv_space "
    "total_retrans").split()]
FIELDS += [(name, U64) for name in "pacing_rate max_pacing_rate bytes_acked bytes_received".split()]
FIELDS += [(name, U32) for name in "segs_out segs_in notsent_bytes min_rtt data_segs_in data_segs_out".split()]
FIELDS += [(name, U64) for name in "delivery_rate busy_time rwnd_limited sndbuf_limited".split()]
FIELDS += [(name, U32) for name in "delivered delivered_ce".split()]
FIELDS += [(name, U64) for name in "bytes_sent bytes_retrans".split()]
FIELDS += [(name, U32) for name in "dsack_dups reord_seen rcv_ooopack snd_wnd rcv_wnd rehash".split()]
FIELDS += [("total_rto", "H"), ("total_rto_recoveries", "H"), ("total_rto_time", U32)]
INFINITE, UNKNOWN = 0x7fffffff, 0xffffffff


def info(sock):
    """{field: value}; what this kernel's struct does not have is absent."""
    data = sock.getsockopt(SOL_TCP, socket.TCP_INFO, 256)
    result = dict(zip("state ca_state retransmits probes backoff options".split(), data))
    result.update(snd_wscale=data[6] & 15, rcv_wscale=data[6] >> 4, delivery_rate_app_limited=data[7] & 1,
                  fastopen_client_fail=data[7] >> 1 & 3)
    at = 8
    for name, kind in FIELDS:
        size = struct.calcsize("=" + kind)
        if at + size > len(data):
            break
        result[name] = struct.unpack_from("=" + kind, data, at)[0]
        at += size
    return result


class InfoTest(SocketTest):
    def pair_of(self, proto):
        """A connection of this protocol: (client, server)."""
        listener = self.keep(socket.socket(socket.AF_INET, socket.SOCK_STREAM, proto))
        listener.bind((LOCALHOST, 0))
        listener.listen()
        client = self.keep(socket.socket(socket.AF_INET, socket.SOCK_STREAM, proto))
        client.connect(listener.getsockname())
        return client, self.accept(listener)

    def expect(self, sock, **wanted):
        """These fields have these values, sooner or later; those this kernel does not have are left out."""
        def seen():
            got = info(sock)
            return {name: got.get(name, wanted[name]) for name in wanted}
        self.eventually(seen, wanted)


class States(InfoTest):
    def test_new_socket(self):
        self.expect(self.socket(), state=CLOSE, rto=1000000, snd_mss=536, unacked=0, snd_cwnd=10, snd_ssthresh=INFINITE,
                    reordering=3, min_rtt=UNKNOWN, bytes_acked=0, segs_out=0, segs_in=0, delivered=0, busy_time=0)

    def test_listener(self):
        listener = self.listener(backlog=5)
        self.expect(listener, state=LISTEN, unacked=0, sacked=5, snd_cwnd=10, reordering=3, rto=0, segs_in=0)
        self.connected(listener)
        self.connected(listener)
        self.expect(listener, unacked=2, sacked=5)

    def test_a_reader_that_waits_sends_nothing(self):
        """Although the window of a buffer this large is twice that of the SYN, and more."""
        if PROTO == 253:
            self.sysctl("net/xtcp/rmem_default", 1 << 20)
        client, server = self.pair()
        sent = info(server)["segs_out"]
        task = Task(server.recv, 10)
        self.assert_blocked(task)
        self.assertEqual(info(server)["segs_out"], sent)
        client.send(b"text")
        self.assertEqual(task.result(), b"text")

    def test_just_connected(self):
        client, server = self.pair()
        both = dict(state=ESTABLISHED, ca_state=0, unacked=0, snd_cwnd=10, snd_ssthresh=INFINITE, total_retrans=0,
                    notsent_bytes=0, data_segs_in=0, data_segs_out=0, delivered=1, bytes_sent=0, rcv_ooopack=0, ato=0)
        self.expect(client, bytes_acked=1, segs_out=2, segs_in=1, **both)
        self.expect(server, bytes_acked=0, segs_in=2, **both)
        for sock in client, server:
            got = info(sock)
            self.assertEqual(got["options"] & 5, 5, "timestamps and window scaling")
            self.assertGreaterEqual(got["rto"], 200000)
            self.assertLessEqual(got["rto"], 300000)
            self.assertNotEqual(got["min_rtt"], UNKNOWN)
            self.assertLessEqual(got["min_rtt"], got["rtt"])
            for name in "snd_wnd", "rcv_ssthresh", "rcv_space":
                self.assertGreater(got[name], 10000, name)
            for name in "last_data_sent", "last_data_recv", "last_ack_recv":
                self.assertLess(got[name], 5000, name)
        self.assertEqual(info(client)["snd_wscale"], info(server)["rcv_wscale"])
        self.assertEqual(info(client)["rcv_wscale"], info(server)["snd_wscale"])

    def test_connecting(self):
        def inside():
            unshare_network()
            loopback_up()
            subprocess.run("ip link add d0 type dummy && ip addr add 10.9.9.1/24 dev d0 && ip link set d0 up",
                           shell=True, check=True)
            sock = self.nonblocking(("10.9.9.2", 80))
            self.expect(sock, state=SYN_SENT, unacked=1, retransmits=0, total_retrans=0, segs_out=1, total_rto=0)
            self.expect(sock, retransmits=1, total_retrans=1, unacked=1, segs_out=2, min_rtt=UNKNOWN, total_rto=1,
                        total_rto_recoveries=1, data_segs_out=0, delivered=0)

        self.in_child(inside)


class Text(InfoTest):
    def test_octets_and_segments(self):
        client, server = self.pair()
        for _ in range(10):
            client.send(bytes(1000))
            recv_exactly(server, 1000)
        self.expect(client, bytes_sent=10000, bytes_acked=10001, data_segs_out=10, delivered=11, unacked=0,
                    notsent_bytes=0, bytes_retrans=0)
        self.expect(server, bytes_received=10000, data_segs_in=10, data_segs_out=0, bytes_acked=0, delivered=1)
        client.shutdown(socket.SHUT_WR)
        self.expect(client, state=FIN_WAIT2, bytes_acked=10002, delivered=12, bytes_sent=10000, data_segs_out=10)
        self.expect(server, state=CLOSE_WAIT, bytes_received=10001, data_segs_in=10)

    def test_ages_are_apart(self):
        client, server = self.pair()
        client.send(b"x")
        recv_exactly(server, 1)
        time.sleep(0.4)
        server.send(b"y")
        recv_exactly(client, 1)
        time.sleep(0.2)
        one, other = info(client), info(server)
        self.assertGreaterEqual(one["last_data_sent"], 570)
        self.assertLess(one["last_data_recv"], one["last_data_sent"] - 300)
        self.assertLess(one["last_ack_recv"], one["last_data_sent"] - 300)
        self.assertGreaterEqual(other["last_data_recv"], 570)
        self.assertLess(other["last_data_sent"], other["last_data_recv"] - 300)

    def test_busy_and_held_back_by_the_window(self):
        client, server = self.pair()
        self.assertEqual(info(client)["busy_time"], 0)
        fill(client)
        time.sleep(0.5)
        got = info(client)
        self.assertGreaterEqual(got["rwnd_limited"], 400000)
        self.assertGreaterEqual(got["busy_time"], got["rwnd_limited"])
        self.assertGreater(got["notsent_bytes"], 0)
        self.assertEqual((got["retransmits"], got["unacked"]), (0, 0))
        server.setblocking(False)
        self.eventually(lambda: self.drain(server) or info(client)["notsent_bytes"], 0)
        self.expect(client, unacked=0)
        time.sleep(0.1)
        before = info(client)["busy_time"]
        time.sleep(0.2)
        self.assertEqual(info(client)["busy_time"], before, "who has nothing to send is not busy")

    @staticmethod
    def drain(sock):
        try:
            while sock.recv(1 << 20):
                pass
        except BlockingIOError:
            pass

    def test_how_the_user_reads_is_the_receive_space(self):
        client, server = self.pair()
        before = info(server)["rcv_space"]
        task = Task(client.sendall, bytes(20000000))
        left = 20000000
        while left:
            left -= len(recv_exactly(server, min(left, 100000)))
            time.sleep(0.001)  # in virtual time a round trip takes none else
        task.result()
        got = info(server)
        self.assertGreater(got["rcv_space"], before)
        self.assertGreater(got["rcv_rtt"], 0)


class Losses(InfoTest):
    def test_timeouts(self):
        def inside():
            unshare_network()
            loopback_up()
            client, server = self.pair()
            client.send(b"x" * 100)
            recv_exactly(server, 100)
            base = info(client)["rto"]
            subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
            client.send(b"y" * 500)
            self.eventually(lambda: info(client)["retransmits"] >= 2)
            got = info(client)
            self.assertEqual((got["ca_state"], got["unacked"]), (4, 1))
            self.assertGreaterEqual(got["rto"], 3 * base)
            self.assertGreaterEqual(got["bytes_retrans"], 1000)
            self.assertGreaterEqual(got["total_retrans"], 2)
            self.assertEqual(got["lost"] + got["retrans"] > 0, True)
            self.assertEqual(got["bytes_sent"], 600 + got["bytes_retrans"])
            self.assertGreaterEqual(got.get("total_rto", 2), 2)
            self.assertEqual(got.get("total_rto_recoveries", 1), 1)
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            self.expect(client, unacked=0, retransmits=0, lost=0, retrans=0, backoff=0, bytes_acked=601)
            got = info(client)
            self.assertEqual(got.get("total_rto_recoveries", 1), 1)
            self.assertGreater(got.get("total_rto_time", 300), 200)

        self.in_child(inside)

    @unittest.skipIf(PROTO == 6, "the kernel's TCP remembers how long it was busy")
    def test_a_second_life_knows_nothing_of_the_first(self):
        def inside():
            unshare_network()
            loopback_up()
            listener = self.listener()
            client, server = self.pair(listener)
            server.send(b"x" * 100)
            recv_exactly(client, 100)
            client.send(b"x" * 100)
            subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
            client.send(b"y" * 500)
            self.eventually(lambda: info(client)["retransmits"] >= 2)
            disconnect(client)
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            client.connect(listener.getsockname())
            second, fresh = info(client), info(self.connected(listener))
            for name in "rtt", "rttvar", "min_rtt", "rto", "last_data_sent", "last_data_recv", "last_ack_recv":
                del second[name], fresh[name]
            self.assertEqual(second, fresh)

        self.in_child(inside)


# The kernel paces, has SACK and its own buffers, delays ACKs in its own way: these differ, nothing else may.
DIFFER = """options snd_wscale rcv_wscale rto snd_mss last_data_sent last_data_recv last_ack_recv rcv_ssthresh
    rtt rttvar rcv_rtt rcv_space pacing_rate segs_out segs_in min_rtt delivery_rate delivery_rate_app_limited
    busy_time snd_wnd rcv_wnd""".split()


class Same(InfoTest):
    """The kernel's TCP beside xtcp, through the same exchange."""

    def compare(self, when, ours, kernels):
        for end in 0, 1:
            one, other = info(ours[end]), info(kernels[end])
            self.assertEqual(one.keys(), other.keys())
            for name in one:
                if name not in DIFFER:
                    self.assertEqual(one[name], other[name], f"{name} of the {('client', 'server')[end]}, {when}")
            for name in "last_data_sent", "last_data_recv":
                if CLOCK == "virtual":  # ours is the older one, by what the other took
                    self.assertLess(abs(one[name] - other[name]), 150, f"{name}, {when}")

    def test_every_field(self):
        if PROTO == 6:
            self.skipTest("compares with the kernel's TCP")
        ours, kernels = self.pair_of(PROTO), self.pair_of(6)
        self.compare("connected", ours, kernels)
        for client, server in ours, kernels:
            for _ in range(10):
                client.send(bytes(1000))
                recv_exactly(server, 1000)
                server.send(bytes(500))
                recv_exactly(client, 500)
        time.sleep(0.3)
        self.compare("after requests and responses", ours, kernels)
        for client, _ in ours, kernels:
            client.shutdown(socket.SHUT_WR)
        time.sleep(0.3)
        self.compare("half closed", ours, kernels)


if __name__ == "__main__":
    unittest.main()
