"""Fast Open through calls that are interrupted; ladders: kunit/fastopen_wire_test.c, both stacks: test_oracle.py."""
import ctypes
import socket
import struct
import threading
import unittest

from xtcp_sockets import PROTO, Interruptions, SocketTest, recv_all

MSG_FASTOPEN, SO_ATTACH_FILTER, SO_DETACH_FILTER = 0x20000000, 26, 27


class Interrupted(SocketTest):
    def setUp(self):
        if PROTO != 253:
            self.skipTest("the kernel's TCP sends the text twice")
        super().setUp()
        self.sysctl("net/xtcp/fastopen", 0x607)  # without cookies
        self.sysctl("net/xtcp/fastopen_loss_ms", 0)
        self.sysctl("net/xtcp/fastopen_blackhole_ms", 0)

    @staticmethod
    def drop_everything(sock):
        rule = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))  # BPF: return 0
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(rule)))

    def test_text_arrives_once(self):
        """A call that a signal interrupts has sent its text: neither restarting it nor calling again may repeat it."""
        for restart in (True, False):
            with self.subTest(restart=restart):
                listener, client = self.listener(), self.socket()
                self.drop_everything(listener)
                allow = threading.Timer(0.3, listener.setsockopt, (socket.SOL_SOCKET, SO_DETACH_FILTER, 0))
                allow.start()
                with Interruptions(restart=restart):
                    self.assertEqual(client.sendto(b"once", MSG_FASTOPEN, listener.getsockname()), 4)
                server = self.accept(listener)
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(recv_all(server), b"once")
                allow.join()


if __name__ == "__main__":
    unittest.main()
