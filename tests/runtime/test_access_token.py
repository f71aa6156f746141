"""The access token of clients: where it comes from, and which URL may receive it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from fairlane import App
from fairlane.connect import open_backend
from fairlane.model.errors import FairlaneError, InvalidInput
from fairlane.model.token import new_secret
from fairlane.runtime import settings
from fairlane.runtime.access_token import access_token, take_access_token
from fairlane.runtime.settings import Settings
from tests.support.running import run


def resolved(flags: dict[str, Any], environment: dict[str, str], file: dict[str, Any]) -> Settings:
    return settings.check(settings.find_origins(flags, environment, file))


def test_a_token_is_not_sent_to_a_url_that_the_current_folder_sets() -> None:
    file = {"url": "https://queue.example"}
    for flags, environment in (({}, {"FAIRLANE_TOKEN": "fl_x"}), ({"token_file": "/x"}, {})):
        with pytest.raises(InvalidInput, match=r"not sent to the URL in fairlane\.toml"):
            resolved(flags, environment, file)
        assert resolved(flags | {"url": "https://own.example"}, environment, file).url == "https://own.example"
    assert resolved({}, {"FAIRLANE_TOKEN": "fl_x"}, {"url": "valkey://localhost"}).url == "valkey://localhost"


def test_the_current_folder_cannot_set_the_token_file() -> None:
    with pytest.raises(InvalidInput, match="cannot set token-file"):
        resolved({}, {}, {"token_file": "/home/me/.ssh/id_ed25519"})


def test_a_token_file_is_private_and_wins_over_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLANE_TOKEN", "fl_of_variable")
    assert access_token(Settings()) == "fl_of_variable"
    file = tmp_path / "token"
    file.write_text("fl_of_file\n")
    file.chmod(0o604)
    with pytest.raises(InvalidInput, match="chmod 600"):
        access_token(Settings(token_file=str(file)))
    file.chmod(0o600)
    assert access_token(Settings(token_file=str(file))) == "fl_of_file"
    with pytest.raises(InvalidInput, match="No such file"):
        access_token(Settings(token_file=str(tmp_path / "absent")))


def test_a_worker_takes_the_token_out_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLANE_TOKEN", "fl_of_variable")
    assert take_access_token(Settings()) == "fl_of_variable"
    assert access_token(Settings()) is None


def test_a_malformed_token_is_refused_and_not_shown() -> None:
    for url in ("http://127.0.0.1:1", "http://user:password@127.0.0.1:1"):
        with pytest.raises(InvalidInput) as refused:
            asyncio.run(open_backend(url, token="fl_mistyped"))
        assert "mistyped" not in str(refused.value)
    with pytest.raises(InvalidInput, match="either an access token"):
        asyncio.run(open_backend("http://user:password@127.0.0.1:1", token=new_secret()))


def test_an_app_sends_the_token_of_the_environment_only_to_the_url_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = new_secret()
    sent: list[str | None] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
        sent.append(lines.get("authorization"))
        body = b'{"type": "urn:fairlane:problem:not_found", "title": "", "status": 404, "detail": ""}'
        start = (
            f"HTTP/1.1 404 Not Found\r\ncontent-type: application/problem+json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        writer.write(start.encode() + body)
        await writer.drain()
        writer.close()

    async def ask_all() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            monkeypatch.setenv("FAIRLANE_URL", url)
            monkeypatch.setenv("FAIRLANE_TOKEN", secret)
            for app in (App(), App(url), App(url, token=secret)):
                with pytest.raises(FairlaneError):
                    await app.job("00" + "f" * 24).refresh()
                await app.close()

    asyncio.run(ask_all())
    assert sent == [f"bearer {secret}".lower(), None, f"bearer {secret}".lower()]
    with pytest.raises(InvalidInput, match="together"):
        App(token=secret)


def test_config_shows_that_there_is_a_token_and_not_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = new_secret()
    monkeypatch.setenv("FAIRLANE_TOKEN", secret)
    for output in ("json", "table"):
        shown = run(tmp_path, "config", "--output", output).stdout
        assert "FAIRLANE_TOKEN" in shown
        assert secret not in shown
