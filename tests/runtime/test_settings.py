"""Settings: whose value counts, and what is refused."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fairlane.model.errors import InvalidInput
from fairlane.model.tenant import Fairness, PolicyChange, Rate
from fairlane.runtime import settings
from fairlane.runtime.settings import Settings


def resolved(
    flags: dict[str, Any] | None = None, environment: dict[str, str] | None = None, file: dict[str, Any] | None = None
) -> Settings:
    return settings.check(settings.find_origins(flags or {}, environment or {}, file or {}))


def test_a_flag_wins_over_a_variable_that_over_the_file_and_that_over_the_default() -> None:
    flags, environment, file = {"port": "1"}, {"FAIRLANE_PORT": "2"}, {"port": 3}
    assert resolved(flags, environment, file).port == 1
    assert resolved({"port": None}, environment, file).port == 2
    assert resolved(None, None, file).port == 3
    assert resolved().port == 8000


def test_origins_are_told() -> None:
    origins = settings.find_origins({"host": "::1"}, {"FAIRLANE_PORT": "2"}, {"workers": 3})
    assert (origins["host"].origin, origins["port"].origin) == ("--host", "FAIRLANE_PORT")
    assert (origins["workers"].origin, origins["lease"].origin) == ("fairlane.toml", "default")


def test_an_empty_variable_counts_as_not_set() -> None:
    assert resolved(None, {"FAIRLANE_PORT": ""}).port == 8000


def test_the_queue_is_the_store_and_the_store_is_embedded_unless_named() -> None:
    assert resolved().queue_url == resolved().store_url == "embedded:.fairlane"
    assert resolved({"data_dir": "/x"}).queue_url == "embedded:/x"
    named = resolved({"store": "valkey://h"}, {"FAIRLANE_URL": "http://api"})
    assert (named.store_url, named.queue_url) == ("valkey://h", "http://api")


def test_limits_can_be_lifted() -> None:
    lifted = resolved({"default_rate": "off", "default_concurrency": "off"})
    assert lifted.change_of_defaults() == PolicyChange(submit_rate=None, concurrency=None)


def test_only_default_limits_that_are_given_change() -> None:
    assert resolved().change_of_defaults() == PolicyChange()
    assert resolved({"default_rate": "7/1s"}).change_of_defaults() == PolicyChange(submit_rate=Rate(7, 1.0))
    assert resolved(None, None, {"default_concurrency": 9}).change_of_defaults() == PolicyChange(concurrency=9)


def test_what_tenants_share() -> None:
    assert resolved().fairness is Fairness.JOBS
    assert resolved(None, {"FAIRLANE_FAIRNESS": "seconds"}).fairness is Fairness.SECONDS
    assert resolved(None, None, {"fairness": "seconds"}).fairness is Fairness.SECONDS


def test_durations_are_read() -> None:
    read = resolved({"lease": "1m", "drain": "500ms"})
    assert (read.lease_ms, read.drain_seconds) == (60_000, 0.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "x"),
        ("port", "65536"),
        ("workers", "0"),
        ("processes", "9"),
        ("default_rate", "10"),
        ("default_concurrency", "0"),
        ("lease", "30"),
        ("lease", "999ms"),
        ("lease", "2h"),
        ("drain", "-1s"),
        ("idempotency", "59s"),
        ("idempotency", "31d"),
        ("durability", "hope"),
        ("log_format", "xml"),
        ("loop", "trio"),
        ("fairness", "luck"),
        ("host", ""),
        ("max_memory", "15MB"),
        ("max_worker_memory", "much"),
    ],
)
def test_bad_values_are_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidInput):
        resolved({name: value})


def test_a_refusal_names_the_origin_of_the_value() -> None:
    with pytest.raises(InvalidInput, match=r"^FAIRLANE_PORT: "):
        resolved(None, {"FAIRLANE_PORT": "x"})
    with pytest.raises(InvalidInput, match=r"^fairlane\.toml: port: "):
        resolved(None, None, {"port": "8000"})


def test_the_file_is_read_from_the_folder(tmp_path: Path) -> None:
    assert settings.read_file(tmp_path) == {}
    (tmp_path / "fairlane.toml").write_text('data-dir = "/x"\nport = 9\n')
    assert settings.read_file(tmp_path) == {"data_dir": "/x", "port": 9}


@pytest.mark.parametrize("text", ["prot = 9\n", "port = \n", "data_dir = '/x'\n"])
def test_a_file_that_cannot_be_understood_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "fairlane.toml").write_text(text)
    with pytest.raises(InvalidInput, match=r"^fairlane\.toml"):
        settings.read_file(tmp_path)


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (os.mkfifo, "it is not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "it is not a regular file"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.write_text("#" * (64 * 1024 + 1)), "it has more than 64 KiB"),
    ],
    ids=["pipe", "device", "folder", "large"],
)
def test_a_file_that_would_hang_or_fill_the_memory_is_refused(
    tmp_path: Path, make: Callable[[Path], object], fault: str
) -> None:
    make(tmp_path / "fairlane.toml")
    with pytest.raises(InvalidInput, match=rf"^fairlane\.toml cannot be read: .*{fault}"):
        settings.read_file(tmp_path)


def test_a_linked_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "mounted").write_text("port = 9\n")
    (tmp_path / "fairlane.toml").symlink_to("mounted")
    assert settings.read_file(tmp_path) == {"port": 9}


def test_a_child_reads_the_same_settings_from_its_environment() -> None:
    given = resolved(
        {"port": "9", "default_concurrency": "off", "store": "valkey://:secret@h", "lease": "5s", "fairness": "seconds"}
    )
    assert resolved(None, settings.as_environment(given)) == given
