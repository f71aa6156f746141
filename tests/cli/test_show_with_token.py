"""`fairlane jobs show` with a tenant's token, whether or not the server shows logs to tenants."""

from __future__ import annotations

import asyncio
import json

import pytest
from click.testing import CliRunner

from fairlane.cli.main import cli
from fairlane.connect import open_engine
from fairlane.model.job import NewJob
from fairlane.model.token import TokenKind, TokenSpec
from fairlane.server.app import create_app
from fairlane.server.settings import ServerSettings
from tests.support.serving import served

REFUSED = "(this access token cannot read the log)"


@pytest.mark.parametrize("tenant_logs", [False, True])
async def test_a_job_is_shown_with_its_log_or_without(
    store_url: str, monkeypatch: pytest.MonkeyPatch, tenant_logs: bool
) -> None:
    monkeypatch.setenv("FAIRLANE_DURABILITY", "memory")
    engine = await open_engine(store_url)
    await engine.store.client.flushall()
    await engine.close()
    engine = await open_engine(store_url)
    job = NewJob(id=engine.jobs.new_id("acme"), tenant_id="acme", payload=b"1")
    await engine.jobs.submit([job])
    _, secret = await engine.tokens.create(TokenSpec(name="acme", kind=TokenKind.TENANT, tenant_id="acme"))
    monkeypatch.setenv("FAIRLANE_TOKEN", secret)
    app = create_app(engine, ServerSettings(tenant_logs=tenant_logs), access=engine.tokens)
    async with served(app) as url:
        for output in ("table", "json"):
            arguments = ["jobs", "show", job.id, "--url", url, "--output", output]
            result = await asyncio.to_thread(CliRunner().invoke, cli, arguments)
            assert result.exit_code == 0, result.output
            if output == "json":
                log = {"lines": [], "truncated": False} if tenant_logs else None
                assert json.loads(result.stdout)["log"] == log
            else:
                assert (REFUSED in result.stdout) != tenant_logs
    await engine.close()
