"""Threads for sync jobs: as many as are asked for, used again, and let go."""

import threading

import pytest

from fairlane.worker.threads import Threads

DEADLINE = 30.0


def test_a_thread_is_used_again() -> None:
    threads = Threads(keep=2)
    seen: list[int] = []
    for _ in range(20):
        done = threading.Event()

        def note(done: threading.Event = done) -> None:
            seen.append(threading.get_ident())
            done.set()

        threads.run(note)
        assert done.wait(DEADLINE)
    assert len(set(seen)) <= 3  # the next job may come before the last thread is back
    threads.close()


def test_blocked_threads_do_not_delay_others_and_all_end() -> None:
    threads = Threads(keep=2)
    blocker = threading.Event()
    before = set(threading.enumerate())

    def block() -> None:
        blocker.wait(DEADLINE)

    for _ in range(5):
        threads.run(block)
    done = threading.Event()
    threads.run(done.set)
    assert done.wait(DEADLINE)
    ours = set(threading.enumerate()) - before
    threads.close()
    blocker.set()
    for thread in ours:
        thread.join(DEADLINE)
        assert not thread.is_alive()


def test_without_more_threads_jobs_wait_for_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = Threads(keep=2)
    blocker, done, later = (threading.Event() for _ in range(3))

    def block() -> None:
        blocker.wait(DEADLINE)

    threads.run(block)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        threads.run(done.set)
    assert not done.is_set()
    blocker.set()
    assert done.wait(DEADLINE)
    threads.run(later.set)
    assert later.wait(DEADLINE)
    threads.close()
