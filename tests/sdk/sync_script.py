"""Programs without an event loop, each in a separate process: `python -m tests.sdk.sync_script NAME URL`."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading

from fairlane import App

app = App(sys.argv[2] if len(sys.argv) > 2 else None, tenancy="default")


@app.task
def double(n: int) -> int:
    return 2 * n


def say(*ids: str) -> None:
    """Print ids in one write, so that lines of several processes do not mix, even with PYTHONUNBUFFERED set."""
    sys.stdout.write("".join(f"{each}\n" for each in ids))
    sys.stdout.flush()


def submit_and_leave() -> None:
    """Submits, and ends without closing anything."""
    say(double.submit_sync(1).id)


def wait_for_ever() -> None:
    """No worker runs: only Ctrl-C ends this."""
    job = double.submit_sync(1)
    say(job.id)
    job.result()


def submit_from_a_thread_that_outlives_main() -> None:
    """The interpreter waits for this thread, which then still submits."""

    def late() -> None:
        threading.main_thread().join()
        say(double.submit_sync(1).id)

    threading.Thread(target=late).start()


def submit_before_and_after_fork() -> None:
    """Both processes continue to submit; each must have separate connections."""
    say(double.submit_sync(1).id)
    child = os.fork()
    say(*(double.submit_sync(n).id for n in range(20)))
    if child:
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0


def submit_after_a_forked_child_has_ended() -> None:
    """The child takes down its copies of what its parent goes on using."""
    say(double.submit_sync(1).id)
    if child := os.fork():
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        say(double.submit_sync(2).id)


def fork_while_threads_submit() -> None:
    """A fork copies the portal's locks in whatever state they are."""
    stop = threading.Event()

    def submit() -> None:
        while not stop.is_set():
            double.submit_sync(1)

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        child = os.fork()
        if not child:
            say(double.submit_sync(2).id)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    stop.set()
    for thread in threads:
        thread.join()


def submit_one(n: int) -> str:
    return double.submit_sync(n).id


def submit_in_a_pool() -> None:
    """As a web server with forked workers does."""
    submit_one(0)
    with multiprocessing.get_context("fork").Pool(3) as pool:
        say(*pool.map(submit_one, range(30)))


if __name__ == "__main__":
    globals()[sys.argv[1]]()
