"""Calls that type checkers must refuse: `# E:` names an error of mypy and one of pyright. Never run."""

from __future__ import annotations

from fairlane import App, Retry

from .right import app, blocking, build, crunch, nothing, plain


async def submitting() -> None:
    await plain.submit("1")  # E: arg-type, reportArgumentType
    await plain.submit()  # E: call-arg, reportCallIssue
    await plain.submit(1, "csv", 3)  # E: call-arg, reportCallIssue
    await plain.submit(1, format="csv")  # E: call-arg, reportCallIssue
    await plain.submit(user_id=None)  # E: arg-type, reportArgumentType
    await build.submit(1, "csv")  # E: call-arg, reportCallIssue
    await build.using(tenant="acme").submit("1")  # E: arg-type, reportArgumentType
    await blocking.submit(1.5)  # E: arg-type, reportArgumentType
    await crunch.submit([1, "2"])  # E: list-item, reportArgumentType
    await crunch.using(tenant="acme").submit()  # E: call-arg, reportCallIssue
    await nothing.submit(None)  # E: call-arg, reportCallIssue
    await plain.submit_many([1, 2])  # E: list-item, reportArgumentType
    await plain.submit_many(["ab"])  # E: list-item, reportArgumentType
    await plain.submit_many(3)  # E: arg-type, reportArgumentType


async def options() -> None:
    await plain.using(tennant="acme").submit(1)  # E: call-arg, reportCallIssue
    await plain.using(tenant=7).submit(1)  # E: arg-type, reportArgumentType
    await plain.using(priority="high").submit(1)  # E: arg-type, reportArgumentType
    await plain.using(run_at="tomorrow").submit(1)  # E: arg-type, reportArgumentType
    await plain.using(headers={"a": 1}).submit(1)  # E: dict-item, reportArgumentType
    await plain.using("acme").submit(1)  # E: call-arg, reportCallIssue


async def results() -> None:
    length: int = await (await plain.submit(1)).result()  # E: assignment, reportAssignmentType
    text: str = await (await crunch.submit([1])).result(timeout=1)  # E: assignment, reportAssignmentType
    number: int = plain.submit_sync(1).result()  # E: assignment, reportAssignmentType
    name: str = plain.bind(1)  # E: assignment, reportAssignmentType
    plain.submit_sync(1).result(timeout=[])  # E: arg-type, reportArgumentType
    del length, text, number, name


def binding() -> None:
    build.bind()  # E: call-arg, reportCallIssue
    build.using(tenant="acme").bind(1, fmt=2)  # E: arg-type, reportArgumentType
    plain.bind(1).submit(2)  # E: call-arg, reportCallIssue


def sync() -> None:
    plain.submit_sync("1")  # E: arg-type, reportArgumentType
    crunch.using(tenant="acme").submit_sync(1)  # E: arg-type, reportArgumentType
    blocking.submit_sync()  # E: call-arg, reportCallIssue


def print_number(number: int) -> None: ...


def defining() -> None:
    App(tenancy="none")  # E: arg-type, reportArgumentType
    App(middleware=[object()])  # E: list-item, reportArgumentType
    Retry(base=None)  # E: arg-type, reportArgumentType

    @app.task(que="reports")  # E: call-overload, reportCallIssue
    async def one() -> None: ...

    @app.task(timeout=None, executor="fiber")  # E: call-overload, reportArgumentType
    def two() -> None: ...

    @app.task(on_failure=print_number)  # E: arg-type, reportArgumentType
    def four() -> None: ...

    @app.task(retry=3)  # E: call-overload, reportArgumentType
    def three() -> None: ...


def scheduling() -> None:
    app.cron("nightly", "0 3 * * *", plain.bind("1"))  # E: arg-type, reportArgumentType
    app.cron("nightly", "0 3 * * *", plain)  # E: arg-type, reportArgumentType
    app.cron("nightly", "0 3 * * *", plain(1))  # E: arg-type, reportArgumentType
    app.cron("nightly", "0 3 * * *")  # E: call-arg, reportCallIssue
    app.cron("nightly", 3, plain.bind(1))  # E: arg-type, reportArgumentType
    app.cron("nightly", "0 3 * * *", plain.bind(1), missed="never")  # E: arg-type, reportArgumentType
    app.cron("nightly", "0 3 * * *", plain.bind(1), overlap="wait")  # E: arg-type, reportArgumentType
    app.cron("nightly", "0 3 * * *", plain.bind(1), tenant=7)  # E: arg-type, reportArgumentType
    app.cron("nightly", "0 3 * * *", plain.bind(1), timezone="UTC")  # E: call-arg, reportCallIssue
    app.cron("nightly", "0 3 * * *", plain.bind(1), "acme")  # E: call-arg, reportCallIssue
    app.cron(name="nightly", cron="0 3 * * *", call=plain.bind(1))  # E: call-arg, reportCallIssue


def calling() -> None:
    blocking("1")  # E: arg-type, reportArgumentType
    plain(1, fmt=3)  # E: arg-type, reportArgumentType
