"""The description for syzkaller names every option there is; whoever adds one must add it there."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Description(unittest.TestCase):
    def setUp(self):
        self.text = (ROOT / "scripts/syzkaller/xtcp.txt").read_text(encoding="utf-8")

    def listed(self, *names):
        return {word for name in names
                for word in re.search(rf"^{name} = (.*)$", self.text, re.M).group(1).split(", ")}

    def test_options_of_tcp(self):
        source = (ROOT / "module/socket/sockopt.c").read_text(encoding="utf-8")
        handled = re.findall(r"(?:case |name == )(TCP_[A-Z0-9_]+)\b", source)
        self.assertEqual(self.listed("xtcp_tcp_options", "xtcp_tcp_buffers"), set(handled))

    def test_options_of_xtcp(self):
        header = (ROOT / "include/uapi/linux/xtcp.h").read_text(encoding="utf-8")
        self.assertEqual(self.listed("xtcp_own_options"), set(re.findall(r"^#define (XTCP_\w+)", header, re.M)))

    def test_all_that_is_used_is_defined(self):
        words = set(re.findall(r"\bxtcp_\w+\b", re.sub(r"\$\w+|#.*", "", self.text)))
        defined = set(re.findall(r"^(xtcp_\w+) (?:=|\{|\[)", self.text, re.M))
        self.assertEqual(words - {"xtcp_"} - defined, set())


if __name__ == "__main__":
    unittest.main()
