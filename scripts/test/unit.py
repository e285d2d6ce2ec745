#!/usr/bin/env python3
"""Run the test_*.py beside this file inside a test place, one TAP line a test (as tap.sh does for shell tests).

  unit.py [NAME]...    names as for python3 -m unittest, for instance test_connect or test_connect.Refused.test_lo
"""

import pathlib
import sys
import time
import unittest


class Tap(unittest.TestResult):
    """Says `ok` or `not ok` for each test, and why not."""

    def startTest(self, test):
        super().startTest(test)
        self.start = time.monotonic()
        self.bad = False

    def say(self, word, test, why=""):
        seconds = time.monotonic() - self.start
        name = test.id() if hasattr(test, "id") else str(test)
        print(f"{word} {self.testsRun} - {name} ({seconds:.1f} s){why}", flush=True)

    def fail(self, test, error):
        self.start = getattr(self, "start", time.monotonic())
        self.bad = True
        self.say("not ok", test)
        for line in self._exc_info_to_string(error, test).splitlines():
            print("#", line, flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        if not self.bad:
            self.say("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.say("ok", test, f" # SKIP {reason}")

    def addError(self, test, err):
        super().addError(test, err)
        self.fail(test, err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.fail(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.fail(subtest, err)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.say("ok", test)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.say("not ok", test, " # unexpected success")


def main(names):
    here = pathlib.Path(__file__).parent
    sys.path.insert(0, str(here))
    sys.dont_write_bytecode = True
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(names) if names else loader.discover(str(here))
    result = Tap()
    suite.run(result)
    print(f"1..{result.testsRun}")
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
