"""An app may configure logging as it likes: each line is kept and handled once, and the worker is not mute."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running import Api, Running, eventually, up

CONFIGURED = """
import logging
import logging.config

from fairlane import App, Retry, current

CONFIG = {
    "version": 1,
    "formatters": {"f": {"format": "APP %(name)s %(levelname)s %(message)s"}},
    "handlers": {"c": {"class": "logging.StreamHandler", "formatter": "f"}},
    "root": {"handlers": ["c"], "level": "INFO"},
    "loggers": {"alone": {"handlers": ["c"], "propagate": False}},
}
logging.config.dictConfig(CONFIG)  # this disables every logger that exists
app = App(tenancy="default")


@app.task(retry=Retry(1))
def fail(configure: str) -> None:
    if configure == "keep":
        logging.config.dictConfig(CONFIG | {"disable_existing_loggers": False})
    if configure == "disable":
        logging.config.dictConfig(CONFIG)
    if configure == "bare":
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, "root": {"handlers": []}})
    if configure == "basic":
        logging.basicConfig(force=True)
    log = logging.getLogger(f"shop.{current().id}")  # no config has disabled it
    log.warning("about to fail")
    logging.getLogger("alone").warning("said alone")
    raise ValueError("boom")


@app.task(executor="process", retry=Retry(1))
def fail_in_process(configure: str) -> None:
    fail.function(configure)
"""

IN_PROCESSES = """
import atexit
import logging
import os

from fairlane import App

log = logging.getLogger("shop")
log.setLevel("INFO")
log.addHandler(logging.FileHandler("lines.txt"))
log.handlers[0].setFormatter(logging.Formatter("%(process)d %(funcName)s %(lineno)d %(order)s: %(message)s"))
app = App(tenancy="default")


@atexit.register
def flush() -> None:
    with open("lines.txt", "a") as file:
        file.write(f"{os.getpid()} has flushed\\n")


@app.task(executor="process")
def say() -> int:
    log.info("said once", extra={"order": 7})
    log.warning("warned once", extra={"order": 8})
    return os.getpid()
"""


def lines_of(api: Api, job_id: str) -> list[str]:
    return [line["message"] for line in api.get(f"/jobs/{job_id}/logs")["lines"]]


@pytest.fixture(scope="module", autouse=True)
def no_limits() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRLANE_DEFAULT_RATE", "off")
        yield


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Api]]:
    folder = tmp_path_factory.mktemp("configured")
    (folder / "shop.py").write_text(CONFIGURED)
    with up(folder, "shop:app", "--processes", "1") as running:
        yield running, running.await_ready()


@pytest.mark.parametrize("task", ["fail", "fail_in_process"])
@pytest.mark.parametrize("configure", ["no", "keep", "disable", "bare", "basic"])
def test_capture_survives_whatever_a_job_configures(configured: tuple[Running, Api], task: str, configure: str) -> None:
    _, api = configured
    for how in (configure, "afterwards"):
        job_id = api.submit("default", task, [how], maxAttempts=1)
        api.await_state([job_id], "failed")
        expected = ["about to fail", "said alone"]
        assert lines_of(api, job_id) == expected


def test_the_worker_is_not_mute(configured: tuple[Running, Api]) -> None:
    running, api = configured
    job_id = api.submit("default", "fail", ["no"], maxAttempts=1)
    api.await_state([job_id], "failed")
    said = f"job {job_id} (fail, attempt 1) failed: ValueError: boom"
    eventually(lambda: said in running.log(), 30, "the worker logs the failure")


def test_lines_of_a_process_are_handled_once_and_whole_and_it_ends_in_order(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(IN_PROCESSES)
    with up(tmp_path, "shop:app", "--processes", "1") as running:
        api = running.await_ready()
        job_id = api.submit("default", "say", [])
        [job] = api.await_state([job_id], "completed")
        assert lines_of(api, job_id) == ["said once", "warned once"]
        assert running.log().count("warned once") == 1, "the handler of `fairlane up` shows warnings, once"
        assert "said once" not in running.log()
        worker = running.pid_of("worker-1")
        running.press_ctrl_c()
        assert running.wait() == 0
    pid = job["result"]
    said = IN_PROCESSES.splitlines()
    line = said.index('    log.info("said once", extra={"order": 7})') + 1
    written = (tmp_path / "lines.txt").read_text().splitlines()
    assert [each for each in written if "once" in each] == [
        f"{pid} say {line} 7: said once",
        f"{pid} say {line + 1} 8: warned once",
    ]
    assert {f"{pid} has flushed", f"{worker} has flushed"} <= set(written)
    assert not Path(f"/proc/{pid}").exists() or os.getpgid(pid) != pid
