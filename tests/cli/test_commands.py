"""Commands against a real store in a folder of the test's own."""

import asyncio
import getpass
import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fairlane.connect import open_engine
from fairlane.model.lease import WorkerReport
from tests.support.commands import Run, answer


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Commands that run for long set logging up for their own process."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)


def test_a_submitted_job_is_listed_shown_and_cancelled(run: Run) -> None:
    job_id = answer(run, "submit", "--tenant", "acme", '{"n": 12345678901234567890}')["id"]
    assert answer(run, "jobs", "list", "--tenant", "acme", "--state", "pending")["jobs"][0]["id"] == job_id
    assert job_id in run("jobs", "list", "--tenant", "acme").stdout
    shown = run("jobs", "show", job_id).stdout
    assert '{"n": 12345678901234567890}' in shown
    assert "pending" in shown
    waits = answer(run, "jobs", "show", job_id)["explanation"]
    assert waits["waitingFor"] == "no_worker" and waits["sentence"] in shown
    assert answer(run, "jobs", "cancel", job_id)["state"] == "cancelled"
    assert answer(run, "jobs", "show", job_id)["explanation"] is None
    assert "cancelled" in run("jobs", "retry", job_id, code=1).stderr


def test_the_audit_log_names_the_user_and_both_values(run: Run) -> None:
    run("tenants", "set", "audited", "--concurrency", "7")
    run("tenants", "set", "audited", "--concurrency", "8")
    last, *_ = answer(run, "audit", "--limit", "1")
    assert (last["author"], last["action"], last["targets"]) == (
        f"user:{getpass.getuser()}",
        "tenant.limits",
        ["audited"],
    )
    assert (last["before"], last["after"]) == ({"concurrency": 7}, {"concurrency": 8})
    assert len(answer(run, "audit", "--limit", "2")) == 2
    assert "concurrency: 7 > 8" in run("audit").stdout


def test_a_rotated_token_prints_a_new_secret(run: Run) -> None:
    first = run("tokens", "create", "--kind", "monitor", "--name", "turning").stdout
    assert run("tokens", "rotate", "turning").stdout != first
    assert answer(run, "tokens", "rotate", "turning", "--overlap", "1m")["token"]["name"] == "turning"
    assert "30d at most" in run("tokens", "rotate", "turning", "--overlap", "31d", code=2).stderr


def test_an_idempotency_key_is_the_same_one_as_over_http(run: Run) -> None:
    submit = ("submit", "--tenant", "keys", "--idempotency-key", "k1")
    first = answer(run, *submit, "1")
    assert answer(run, *submit, "1") == {"id": first["id"], "status": "replayed"}
    assert "idempotency key" in run(*submit, "2", code=1).stderr


def test_the_submission_rate_is_told(run: Run) -> None:
    run("tenants", "set", "slow", "--submit-rate", "1/1h")
    run("submit", "--tenant", "slow", "1")
    assert "submission rate" in run("submit", "--tenant", "slow", "1", code=1).stderr


def test_a_delayed_job_is_scheduled(run: Run) -> None:
    job_id = answer(run, "submit", "--tenant", "later", "--delay", "10m", "--priority", "9", "null")["id"]
    shown = answer(run, "jobs", "show", job_id)
    assert (shown["state"], shown["priority"]) == ("scheduled", 9)


def test_a_job_is_submitted_for_a_time_with_its_attempts_and_timeout(run: Run) -> None:
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    asked = ("--run-at", at.isoformat(), "--max-attempts", "7", "--timeout", "90s")
    shown = answer(run, "jobs", "show", answer(run, "submit", "--tenant", "later", *asked, "null")["id"])
    assert (shown["state"], datetime.fromisoformat(shown["runAt"])) == ("scheduled", at)
    assert (shown["maxAttempts"], shown["timeoutSeconds"]) == (7, 90)


def test_jobs_are_listed_by_when_they_were_submitted(run: Run) -> None:
    made = [answer(run, "submit", "--tenant", "times", "1")["id"] for _ in range(2)]
    since = answer(run, "jobs", "show", made[1])["createdAt"]

    def ids(*options: str) -> list[str]:
        return [job["id"] for job in answer(run, "jobs", "list", "--tenant", "times", *options)["jobs"]]

    assert ids("--created-from", since) == [made[1]]
    assert ids("--created-to", since) == [made[0]]
    assert ids("--created-from", since, "--created-to", since) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("submit", "--tenant", "acme", "--timeout", "25h", "1"),
        ("submit", "--tenant", "acme", "--timeout", "0s", "1"),
        ("submit", "--tenant", "acme", "--max-attempts", "0", "1"),
        ("submit", "--tenant", "acme", "--run-at", "2999-01-01T00:00:00Z", "1"),
        ("submit", "--tenant", "acme", "--run-at", "2026-01-01T00:00:00", "1"),
        ("submit", "--tenant", "acme", "--run-at", "2026-01-01T00:00:00Z", "--delay", "1s", "1"),
        ("jobs", "list", "--created-from", "yesterday"),
        ("jobs", "list", "--created-to", "1700000000"),
        ("jobs", "list", "--batch", "nothing"),
        ("submit", "--tenant", "a b", "1"),
        ("submit", "--tenant", "acme", "NaN"),
        ("submit", "--tenant", "acme", "{"),
        ("submit", "--tenant", "acme", "[" * 100_000),
        ("submit", "--tenant", "acme", "--priority", "10", "1"),
        ("submit", "--tenant", "acme", "--delay", "soon", "1"),
        ("submit", "1"),
        ("submit", "--tenant", "acme", os.fsdecode(b'"\xff"')),
        ("top", "--output", "json"),
        ("tenants", "set", "acme"),
        ("tenants", "set", "acme", "--concurrency", "many"),
        ("tenants", "set", "acme", "--submit-rate", "10"),
        ("tenants", "set", "acme", "--weight", "0"),
        ("schedules", "set", "nightly", "--tenant", "acme"),
        ("schedules", "set", "unheard-of", "--tenant", "acme", "--priority", "3"),
        ("schedules", "set", "nightly", "--tenant", "acme", "--cron", "0 3 * *"),
        ("schedules", "set", "nightly", "--tenant", "acme", "--cron", "0 3 * * *", "--payload", "{"),
        ("schedules", "set", "nightly", "--tenant", "acme", "--cron", "0 3 * * *", "--task", "a b"),
        ("schedules", "set", "nightly", "--cron", "0 3 * * *"),
        ("schedules", "show", "a/b", "--tenant", "acme"),
        ("schedules", "list", "--tenant", "a/b"),
        ("jobs", "list", "--state", "lost"),
        ("jobs", "list", "--url", "gopher://h"),
        ("worker", "not an app"),
        ("worker", "no_such_module:app"),
        ("worker", "fairlane.builtin:nothing"),
        ("worker", "fairlane.builtin:sleep"),
        ("up", "--host", "192.0.2.1"),
        ("up", "--port", "x"),
        ("bench", "nothing"),
        ("doctor", "--url", "http://127.0.0.1:1"),
    ],
)
def test_misuse_is_told_in_a_line_and_exits_2(run: Run, arguments: tuple[str, ...]) -> None:
    stderr = run(*arguments, code=2).stderr
    [told] = [line for line in stderr.splitlines() if line.startswith("Error: ")]
    assert len(told) > 20
    assert "Traceback" not in stderr


def test_limits_are_changed_one_by_one_and_lifted(run: Run) -> None:
    changed = ("tenants", "set", "big", "--concurrency", "20", "--start-rate", "100/1s")
    assert answer(run, *changed)["concurrency"] == 20
    tenant = answer(run, "tenants", "set", "big", "--submit-rate", "off", "--weight", "2.5")
    assert (tenant["submitRate"], tenant["concurrency"], tenant["weight"]) == (None, 20, 2.5)
    tenant = answer(run, "tenants", "reset", "big")
    assert (tenant["customized"], tenant["concurrency"], tenant["weight"]) == (False, 5, 1)
    assert answer(run, "tenants", "set", "big", "--concurrency", "off")["concurrency"] is None
    assert "off" in run("tenants", "show", "big").stdout
    assert "big" in [tenant["id"] for tenant in answer(run, "tenants", "list")["tenants"]]


def test_default_limits_are_shown_and_changed(run: Run) -> None:
    before = answer(run, "defaults", "show")
    assert (before["submitRate"], before["concurrency"]) == ({"limit": 10, "windowSeconds": 60}, 5)
    given = ("--rate", "1000/1m", "--start-rate", "50/1s", "--weight", "2", "--max-waiting", "9", "--keep-failed", "1d")
    changed = answer(run, "defaults", "set", *given)
    rates = {"submitRate": {"limit": 1_000, "windowSeconds": 60}, "startRate": {"limit": 50, "windowSeconds": 1}}
    assert changed == before | rates | {"weight": 2, "maxWaiting": 9, "keepFailedSeconds": 86_400}
    assert answer(run, "tenants", "show", "follows")["maxWaiting"] == 9
    run("defaults", "set", "--rate", "10/1m", "--start-rate", "off", "--weight", "1", "--max-waiting", "100000")
    assert "keeps failed     14d, at most 10000" in run("defaults", "set", "--keep-failed", "14d").stdout
    assert answer(run, "defaults", "show") == before
    assert "say what to change" in run("defaults", "set", code=2).stderr
    assert "--concurrency must be" in run("defaults", "set", "--concurrency", "many", code=2).stderr


def test_a_tenant_is_paused_and_resumed(run: Run) -> None:
    assert answer(run, "tenants", "pause", "idle")["paused"] is True
    assert answer(run, "tenants", "resume", "idle")["paused"] is False


def test_a_schedule_is_set_changed_run_paused_and_forgotten(run: Run) -> None:
    of = ("nightly", "--tenant", "cron")
    asked = ("--cron", "0 3 * * *", "--timezone", "Europe/Paris", "--task", "mail", "--payload", '{"n": 1}')
    made = answer(run, "schedules", "set", *of, *asked, "--missed", "all")
    assert (made["cron"], made["payload"], made["missed"], made["overlap"]) == ("0 3 * * *", {"n": 1}, "all", "allow")
    changed = answer(run, "schedules", "set", *of, "--priority", "7", "--overlap", "skip", "--queue", "out")
    expected = {"priority": 7, "overlap": "skip", "queue": "out"}
    assert changed == made | expected
    assert answer(run, "schedules", "show", *of) == changed
    assert "At 03:00 every day, Europe/Paris time" in run("schedules", "show", *of).stdout

    job = answer(run, "schedules", "run", *of)
    assert (job["tenantId"], job["task"], job["queue"], job["priority"]) == ("cron", "mail", "out", 7)
    assert answer(run, "schedules", "pause", *of)["paused"] is True
    [listed] = answer(run, "schedules", "list", "--tenant", "cron")["schedules"]
    assert (listed["name"], listed["paused"], listed["nextRuns"], listed["lastJobId"]) == (
        "nightly",
        True,
        [],
        job["id"],
    )
    assert "nightly" in run("schedules", "list").stdout
    assert len(answer(run, "schedules", "resume", *of)["nextRuns"]) == 5

    assert "deleted" in run("schedules", "delete", *of).stdout
    assert "no schedule nightly" in run("schedules", "show", *of, code=1).stderr


def test_a_schedule_without_a_payload_sends_null(run: Run) -> None:
    made = answer(run, "schedules", "set", "plain", "--tenant", "cron", "--cron", "0 * * * *")
    assert (made["payload"], made["timezone"], made["task"]) == (None, "UTC", "default")


def test_doctor_finds_a_healthy_store(run: Run) -> None:
    assert answer(run, "doctor")["problems"] == []
    assert "in order" in run("doctor").stdout


def test_config_tells_origins_and_no_secrets(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLANE_STORE", "valkey://user:hunter2@h:1")
    Path("fairlane.toml").write_text("port = 9\n")
    shown = answer(run, "config")
    assert shown["port"] == {"value": 9, "origin": "fairlane.toml"}
    assert shown["store"] == {"value": "valkey://***@h:1", "origin": "FAIRLANE_STORE"}
    assert shown["lease"] == {"value": "30s", "origin": "default"}
    assert "hunter2" not in run("config").stdout


def test_a_store_that_is_not_there_is_not_made(run: Run) -> None:
    assert "fairlane up" in run("jobs", "list", "--data-dir", "nothing", code=1).stderr
    assert not Path("nothing").exists()


def test_an_api_that_does_not_answer_leaves_advice(run: Run) -> None:
    stderr = run("jobs", "list", "--url", "http://127.0.0.1:1", code=1).stderr
    assert "the API at http://127.0.0.1:1 does not answer" in stderr
    assert "check the URL, and that it runs" in stderr


def test_a_store_that_does_not_answer_is_told(run: Run) -> None:
    assert "valkey://127.0.0.1:1" in run("jobs", "list", "--url", "valkey://127.0.0.1:1", code=1).stderr


def test_a_queue_is_listed_paused_and_resumed(run: Run) -> None:
    run("submit", "--tenant", "acme", "--queue", "parcels", "1")

    def listed() -> dict[str, Any]:
        (found,) = [queue for queue in answer(run, "queues", "list")["queues"] if queue["name"] == "parcels"]
        return dict(found)

    figures = {"runnableTenants": 1, "pending": 1, "running": None}
    limits = {"concurrency": None, "startRate": None, "limitReached": None}
    assert listed() == {"name": "parcels", "paused": False} | figures | limits
    assert answer(run, "queues", "pause", "parcels")["queues"][0]["paused"] is True
    assert "paused" in run("queues", "list").output
    run("queues", "resume", "parcels")
    assert listed()["paused"] is False
    assert "the queue's name must be 1 to 128" in run("queues", "pause", "a b", code=2).output


def test_a_queue_is_limited_and_shown(run: Run) -> None:
    shown = answer(run, "queues", "set", "providers", "--concurrency", "2", "--start-rate", "14/1s")
    assert (shown["concurrency"], shown["startRate"]) == (2, {"limit": 14, "windowSeconds": 1.0})
    assert answer(run, "queues", "set", "providers", "--concurrency", "off")["concurrency"] is None
    assert answer(run, "queues", "show", "providers")["startRate"]["limit"] == 14
    assert "14/1s" in run("queues", "show", "providers").output
    assert "14/1s" in run("queues", "list").output
    assert "say what to change, such as --start-rate 14/1s" in run("queues", "set", "providers", code=2).output
    assert "no job has entered a queue nothing" in run("queues", "show", "nothing", code=1).output
    run("queues", "set", "providers", "--start-rate", "off")


def test_a_worker_is_listed_and_told_to_drain(run: Run, data_dir: Path) -> None:
    async def beat() -> list[str]:
        engine = await open_engine(f"embedded:{data_dir}", durability="memory")
        await engine.leases.extend(WorkerReport(id="host:1:a", slots=4, running=3, queues=("mail",)), [], 30_000)
        orders = await engine.workers.next_orders("host:1:a", 0, 0)
        await engine.close()
        return ["drain"] if orders.drain else []

    assert asyncio.run(beat()) == []
    assert answer(run, "workers", "list")["workers"][0]["slots"] == 4
    assert "3 of 4" in run("workers", "list").output
    assert run("workers", "drain", "host:1:a").output == "host:1:a drains\n"
    assert asyncio.run(beat()) == ["drain"]
    assert "there is no worker other" in run("workers", "drain", "other", code=1).output
