"""Ends a run in which a test hangs, and says what all threads are at.

Also one that is over and does not end, because of a thread that a test has left. It is
done by a thread of the interpreter that needs nobody's help. pytest's own
``faulthandler_timeout`` begins such a thread for each test, and so does pytest-timeout:
seconds in all. Here one is begun every few seconds.
"""

import faulthandler
import os
import sys
import time

import pytest

LONGEST_S = 180
LONGEST_OF_S = {"interop": 900, "soak": 0}
"""How long a test of a kind may take; 0 for ever."""
ARM_S = 10
"""For so long what is armed for one test may be for others that follow as well."""
END_S = 60
"""How long the program may take to end."""


class HangWatch:
    """A plugin of pytest."""

    def __init__(self) -> None:
        # While tests run standard error is another file.
        self._errors = os.dup(sys.stderr.fileno())
        self._armed_s = 0.0

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Watch this test."""
        special = [
            seconds
            for kind, seconds in LONGEST_OF_S.items()
            if item.get_closest_marker(kind)
        ]
        now_s = time.monotonic()
        if special or now_s > self._armed_s + ARM_S:
            self._armed_s = now_s
            self._arm(special[0] if special else LONGEST_S)

    def pytest_unconfigure(self) -> None:
        """Watch the end."""
        self._arm(END_S)

    def _arm(self, longest_s: float) -> None:
        faulthandler.cancel_dump_traceback_later()
        if longest_s:
            faulthandler.dump_traceback_later(longest_s, exit=True, file=self._errors)
