"""Threads for sync jobs: as many as are asked for, used again, and let go."""

import threading

from fairlane.worker.threads import Threads

DEADLINE = 5.0


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
