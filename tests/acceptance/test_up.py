"""`fairlane up`: one command starts everything, and Ctrl-C ends everything in order."""

import re
import signal
import time
from pathlib import Path

import httpx
import pytest

from fairlane.process.signals import SAME_REQUEST_SECONDS
from tests.support.running import eventually, fairlane, kill, run, up
from tests.support.store_servers import SAFE, server

APP = """
from fairlane import App
app = App()

@app.task
def shout(text: str) -> str:
    print("a task may print")
    return text.upper()
"""


def test_a_job_is_done_and_ctrl_c_ends_all_in_order(tmp_path: Path) -> None:
    with up(tmp_path) as system:
        api = system.await_ready()
        done = api.submit("acme", "default", {"big": 130775545883395173, "empty": []})
        [job] = api.await_state([done], "completed")
        assert job["result"] == {"big": 130775545883395173, "empty": []}
        running = api.submit("acme", "demo.sleep", {"seconds": 4})
        api.await_state([running], "running")
        system.press_ctrl_c()
        assert system.wait() == 0
        assert system.rest_of_stdout() == ""
        assert system.survivors() == []
        assert re.findall(r": ([\w-]+) stopped", system.log()) == ["worker-1", "api", "upkeep", "store"]
    with up(tmp_path) as system:
        assert system.await_ready().job(running)["state"] == "completed"


def test_given_default_limits_are_stored_at_start_and_changes_stay(tmp_path: Path) -> None:
    (tmp_path / "fairlane.toml").write_text('default-rate = "off"\ndefault-concurrency = 7\n')
    with up(tmp_path) as system:
        api = system.await_ready()
        assert (api.get("/defaults")["submitRate"], api.get("/tenants/acme")["concurrency"]) == (None, 7)
        assert "default limits changed: submit rate 10/1m -> off, concurrency 5 -> 7" in system.log()
        httpx.put(f"{api.url}/defaults", json={"concurrency": 3}).raise_for_status()
        old = system.pid_of("api")
        kill(old)
        eventually(lambda: system.pid_of("api") != old, 20, "the API is restarted")
        eventually(lambda: answers(api.url), 20, "the API answers")
        assert api.get("/defaults")["concurrency"] == 3
    (tmp_path / "fairlane.toml").unlink()
    with fairlane(tmp_path, "serve", "--port", "0", "--default-concurrency", "8") as system:
        defaults = system.await_ready().get("/defaults")
        assert (defaults["submitRate"], defaults["concurrency"]) == (None, 8)
        assert "default limits changed: concurrency 3 -> 8" in system.log()


def test_a_full_embedded_store_takes_no_jobs_until_workers_have_made_room(tmp_path: Path) -> None:
    with up(tmp_path, "--max-memory", "16MB", "--default-rate", "off") as system:
        api = system.await_ready()
        assert api.get("/overview")["memory"]["limitBytes"] == 16 << 20
        httpx.post(f"{api.url}/tenants/acme/pause").raise_for_status()
        body = {"tenantId": "acme", "payload": "x" * 200_000}
        accepted = []
        while (answer := httpx.post(f"{api.url}/jobs", json=body, timeout=30)).status_code == 202:
            accepted.append(answer.json()["id"])
        assert (answer.status_code, answer.json()["type"]) == (507, "urn:fairlane:problem:store_full")
        assert len(accepted) > 40
        assert "nearly full" in run(tmp_path, "doctor").stdout
        httpx.post(f"{api.url}/tenants/acme/resume").raise_for_status()
        eventually(lambda: api.get("/jobs/metrics")["completed"] == len(accepted), 60, "all jobs have ended")
        eventually(lambda: httpx.post(f"{api.url}/jobs", json=body).status_code == 202, 30, "it takes jobs again")
        assert api.get("/jobs/metrics")["failed"] == 0


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_a_name_for_loopback_lets_no_other_name_in(tmp_path: Path) -> None:
    with up(tmp_path, "--host", "LOCALHOST") as system:
        jobs = system.await_ready().url + "/jobs"
        evil = {"host": "evil.example", "origin": "http://evil.example"}
        assert httpx.get(jobs, headers=evil).status_code == 421
        assert httpx.post(jobs, json={"tenantId": "acme", "payload": 1}, headers=evil).status_code == 421
        assert httpx.get(jobs, headers={"host": "LocalHost"}).status_code == 200


def test_what_does_not_end_within_the_drain_is_given_back_and_burns_no_attempt(tmp_path: Path) -> None:
    with up(tmp_path, "--drain", "200ms") as system:
        api = system.await_ready()
        long = api.submit("acme", "demo.sleep", {"seconds": 60})
        api.await_state([long], "running")
        system.process.send_signal(signal.SIGTERM)
        assert system.wait() == 0
    with up(tmp_path, "--drain", "200ms") as system:
        [job] = system.await_ready().await_state([long], "running", within_s=25)
        assert (job["attempt"], job["reason"]) == (1, None)


def test_a_second_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    with up(tmp_path, "--drain", "60s") as system:
        api = system.await_ready()
        api.await_state([api.submit("acme", "demo.sleep", {"seconds": 60})], "running")
        system.press_ctrl_c()
        eventually(lambda: "stopping" in system.log(), 20, "it stops")
        time.sleep(SAME_REQUEST_SECONDS)
        system.press_ctrl_c()
        assert system.wait(within_s=20) == 1
        assert "Error: stopped at once" in system.log()
        assert system.survivors() == []


def test_an_app_of_ones_own_runs_and_its_prints_stay_off_stdout(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(APP)
    with fairlane(tmp_path, "up", "shop:app", "--port", "0", "--processes", "2") as system:
        api = system.await_ready()
        [job] = api.await_state([api.submit("acme", "shout", ["hey"])], "completed")
        assert job["result"] == "HEY"
        assert len(api.get("/workers")["workers"]) == 2
        system.press_ctrl_c()
        assert system.wait() == 0
        assert system.rest_of_stdout() == ""
        assert "a task may print" in system.log()


@pytest.mark.parametrize(
    ("app", "words"),
    [
        ("no_such_module:app", "no_such_module cannot be imported: No module named 'no_such_module'"),
        ("shop:till", "shop has no 'till'"),
        ("shop:shout", "shop:shout is not a fairlane App but a SyncTask"),
    ],
)
def test_an_app_that_cannot_be_imported_is_told_in_a_line_before_anything_is_started(
    tmp_path: Path, app: str, words: str
) -> None:
    (tmp_path / "shop.py").write_text(APP)
    assert run(tmp_path, "up", app, "--port", "0", code=1).stderr == f"Error: {words}\n"
    assert not (tmp_path / ".fairlane").exists()
    nowhere = ("--url", "valkey://127.0.0.1:1")
    assert run(tmp_path, "worker", app, "--processes", "2", *nowhere, code=1).stderr == f"Error: {words}\n"


def test_serve_and_workers_run_alone(tmp_path: Path) -> None:
    with fairlane(tmp_path, "serve", "--port", "0") as served:
        api = served.await_ready()
        job_id = api.submit("acme", "default", 1, delaySeconds=0.1)
        with fairlane(tmp_path, "worker", "fairlane.builtin:app", "--url", api.url) as worker:
            api.await_state([job_id], "completed")
            worker.process.send_signal(signal.SIGTERM)
            assert worker.wait() == 0
        with fairlane(tmp_path, "worker", "fairlane.builtin:app", "--processes", "2", "--slots", "3") as workers:
            api.await_state([api.submit("acme", "default", 2)], "completed")
            eventually(lambda: len(api.get("/workers")["workers"]) >= 2, 30, "both workers are known")
            workers.press_ctrl_c()
            assert workers.wait() == 0
        served.process.send_signal(signal.SIGTERM)
        assert served.wait() == 0


def test_commands_find_the_store_of_the_folder(tmp_path: Path) -> None:
    with up(tmp_path, "--hand-back", "0s") as system:
        api = system.await_ready()
        said = run(tmp_path, "submit", "--tenant", "acme", "--task", "demo.fail", '{"times": 1}', "--wait").stdout
        assert "attempt   2 of 3" in said
        assert api.get("/jobs/metrics")["retried"] == 1
        assert run(tmp_path, "doctor").returncode == 0
        failed = run(tmp_path, "submit", "--tenant", "acme", "--task", "nothing", "1", "--wait", code=1).stdout
        assert "UnknownTask" in failed
        assert run(tmp_path, "dlq", "purge", "--yes", "--url", api.url).stdout == "1 job deleted\n"


@pytest.mark.parametrize("option", ["--default-rate=2/1h", "--default-concurrency=1"])
def test_default_limits_are_those_of_the_options(tmp_path: Path, option: str) -> None:
    with up(tmp_path, option) as system:
        policy = system.await_ready().get("/tenants/anybody")
        assert policy["submitRate"]["limit"] == (2 if "rate" in option else 10)
        assert policy["concurrency"] == (1 if "concurrency" in option else 5)


def test_a_store_that_runs_already_is_used(tmp_path: Path) -> None:
    with server(*SAFE) as port, up(tmp_path, "--store", f"valkey://127.0.0.1:{port}") as system:
        api = system.await_ready()
        api.await_state([api.submit("acme", "default", 1)], "completed")
        assert not (tmp_path / ".fairlane").exists()
        system.press_ctrl_c()
        assert system.wait() == 0
        assert system.survivors() == []
