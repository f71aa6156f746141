"""Attributes that are computed when they are first read, in programs that fork."""

from __future__ import annotations

import os
import threading

from fairlane.process.lazy import lazy_property


class Computed:
    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.times = 0

    @lazy_property
    def slowly(self) -> int:
        """How often it was computed."""
        self.begun.set()
        assert self.go_on.wait(30)
        self.times += 1
        return self.times


def test_it_is_computed_once() -> None:
    computed = Computed()
    computed.go_on.set()
    assert (computed.slowly, computed.slowly) == (1, 1)
    assert Computed.slowly.__doc__ == "How often it was computed."


def test_a_forked_child_does_not_wait_for_a_thread_that_it_does_not_have() -> None:
    in_thread, elsewhere = Computed(), Computed()
    elsewhere.go_on.set()
    thread = threading.Thread(target=lambda: in_thread.slowly)
    thread.start()
    assert in_thread.begun.wait(30)
    child = os.fork()
    if not child:
        threading.Timer(20, os._exit, [1]).start()
        os._exit(0 if elsewhere.slowly == 1 else 2)
    in_thread.go_on.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
