"""On two CPUs: sockets become something else while segments are on their way to them (stale.c)."""
import os
import pathlib
import subprocess
import tempfile
import unittest

from xtcp_sockets import PROTO

NOBODY = 65534
SECONDS = os.environ.get("XTCP_STALE_SECONDS", "20")


@unittest.skipUnless(PROTO == 253, "of xtcp")
@unittest.skipUnless(os.cpu_count() > 1, "one CPU: what is looked up is not changed meanwhile")
class Stale(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        os.chmod(cls.directory.name, 0o755)
        cls.program = cls.directory.name + "/stale"
        source = pathlib.Path(__file__).with_name("stale.c")
        subprocess.run(["cc", "-O2", "-pthread", "-o", cls.program, source], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def run_as(self, user, what):
        done = subprocess.run([self.program, what, SECONDS], user=user, capture_output=True, text=True, check=False)
        print("#", done.stdout.strip(), flush=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_connection_becomes_listener(self):
        self.run_as(NOBODY, "connection")

    def test_listener_moves_to_another_port(self):
        self.run_as(NOBODY, "port")

    def test_listener_moves_to_another_protocol(self):
        self.run_as(0, "protocol")
