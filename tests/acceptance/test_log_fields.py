"""What a worker's log says: its start, and how each attempt ended, as fields of JSON lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.running import Api, eventually, fairlane

APP = """
import logging
from fairlane import App, Retry

app = App()
log = logging.getLogger("reports")


@app.task(name="build", retry=Retry(1))
async def build(how: str) -> None:
    log.info("building %s", how)
    if how == "badly":
        raise ValueError("no paper")
"""


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def run_two_jobs(folder: Path, *options: str) -> tuple[dict[str, str], str, str]:
    """The ids of a job that goes well and of one that does not, and what their worker logged and printed."""
    (folder / "reports.py").write_text(APP)
    with fairlane(folder, "serve", "--port", "0") as system:
        api: Api = system.await_ready()
        jobs = {how: api.submit("acme", "build", [how], queue="mail", maxAttempts=1) for how in ("well", "badly")}
        url = ("--url", api.url, "--queues", "mail", "--slots", "3", "--log-format", "json")
        with fairlane(folder, "worker", "reports:app", *url, *options) as worker:
            eventually(lambda: api.get("/jobs/counts")["failed"] == 1, 60, "one job fails")
            eventually(lambda: api.get("/jobs/counts")["completed"] == 1, 60, "one job completes")
            worker.process.terminate()
            worker.wait()
            return jobs, worker.log(), worker.rest_of_stdout()


def test_a_worker_says_what_it_runs_and_how_each_attempt_ended(tmp_path: Path) -> None:
    jobs, log, stdout = run_two_jobs(tmp_path, "--log-level", "debug", "--job-logs", "stdout")
    logged = lines(log)
    (start,) = [line for line in logged if "version" in line]
    assert (start["tasks"], start["queues"], start["slots"]) == (["build"], ["mail"], 3)
    ends = {line["job"]: line for line in logged if "outcome" in line}
    assert {ends[jobs[how]]["outcome"] for how in jobs} == {"completed", "dead"}
    for how, level in (("well", "debug"), ("badly", "warning")):
        end = ends[jobs[how]]
        assert (end["tenant"], end["task"], end["queue"], end["attempt"]) == ("acme", "build", "mail", 1)
        assert end["level"] == level
        assert end["duration_ms"] >= 0
    assert "failed: ValueError: no paper" in ends[jobs["badly"]]["message"]
    printed = {line["job"]: line["message"] for line in lines(stdout)}
    assert printed == {jobs["well"]: "building well", jobs["badly"]: "building badly"}


def test_by_default_attempts_that_go_well_are_quiet(tmp_path: Path) -> None:
    jobs, log, stdout = run_two_jobs(tmp_path)
    assert [line["job"] for line in lines(log) if "outcome" in line] == [jobs["badly"]]
    assert stdout == ""
