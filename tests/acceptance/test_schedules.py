"""Schedules of an app's code, put into the store by the processes that run it."""

from pathlib import Path

import httpx

from .running import eventually, fairlane, up

APP = """
from fairlane import App

app = App()


@app.task
async def build(report: int) -> int:
    return report


app.cron("nightly", "{cron}", build.bind(1), tenant="acme", tz="Europe/Paris")
"""


def test_workers_declare_what_their_app_does_beside_the_store_and_over_http(tmp_path: Path) -> None:
    (tmp_path / "reports.py").write_text(APP.format(cron="0 3 * * *"))
    with up(tmp_path, "reports:app", "--processes", "2") as system:
        api = system.await_ready()
        path = "/tenants/acme/schedules/nightly"
        eventually(lambda: httpx.get(api.url + path).status_code == 200, 10, "the schedule is in the store")
        shown = api.get(path)
        assert (shown["declared"], shown["task"], shown["payload"]) == (True, "build", {"report": 1})
        assert shown["description"] == "At 03:00 every day, Europe/Paris time"
        (tmp_path / "reports.py").write_text(APP.format(cron="0 4 * * *"))
        with fairlane(tmp_path, "worker", "reports:app", "--url", api.url):
            eventually(lambda: api.get(path)["cron"] == "0 4 * * *", 10, "the changed code is in the store")
        assert "was refused" not in system.log()
