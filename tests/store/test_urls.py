"""Store URLs are read once, refused clearly, and never shown with a password."""

from pathlib import Path

import pytest

from fairlane.model.errors import InvalidInput
from fairlane.store import EmbeddedUrl, SentinelUrl, ServerUrl, parse_store_url, redact_url
from fairlane.store.urls import StoreUrl

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("embedded:.fairlane", EmbeddedUrl(Path(".fairlane"))),
        ("embedded:///var/lib/fairlane", EmbeddedUrl(Path("/var/lib/fairlane"))),
        ("embedded:/var/lib/a b", EmbeddedUrl(Path("/var/lib/a b"))),
        ("valkey://", ServerUrl()),
        ("valkey://db.example", ServerUrl(host="db.example")),
        ("VALKEY://db.example:7000/3", ServerUrl(host="db.example", port=7000, database=3)),
        ("redis://db?db=4", ServerUrl(host="db", database=4)),
        ("redis://[::1]:7001", ServerUrl(host="::1", port=7001)),
        ("valkey://ann:p%40ss@db", ServerUrl(host="db", username="ann", password="p@ss")),
        ("valkey://:p@db", ServerUrl(host="db", password="p")),
        ("rediss://db", ServerUrl(host="db", tls=True)),
        ("valkeys://db?ssl_ca_certs=/ca.pem", ServerUrl(host="db", tls=True, tls_files={"ssl_ca_certs": "/ca.pem"})),
        ("unix:///run/valkey.sock?db=2", ServerUrl(path="/run/valkey.sock", database=2)),
        (
            "sentinel://:p@a,b:7000,[::1]:7001/main%20one",
            SentinelUrl(
                sentinels=(("a", 26379), ("b", 7000), ("::1", 7001)),
                service="main one",
                server=ServerUrl(password="p"),
            ),
        ),
        (
            "sentinels://a/main?db=2&sentinel_username=ann&sentinel_password=p%40ss",
            SentinelUrl(
                sentinels=(("a", 26379),),
                service="main",
                sentinel_username="ann",
                sentinel_password="p@ss",
                server=ServerUrl(database=2, tls=True),
            ),
        ),
    ],
)
def test_accepted_urls(url: str, expected: StoreUrl) -> None:
    assert parse_store_url(url) == expected


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("cluster://a,b", "not supported yet"),
        ("clusters://a,b", "not supported yet"),
        ("sentinel://a,b", "needs the hosts of Sentinels and the service, as in sentinel://host1,host2/main"),
        ("sentinel://a,,b/main", "needs the hosts of Sentinels"),
        ("sentinel:///main", "needs the hosts of Sentinels"),
        ("sentinel://a/main/0", "needs the hosts of Sentinels"),
        ("sentinel://a:x/main", "port"),
        ("sentinel://a/main?db=x", "database"),
        ("sentinel://a/main?ssl_ca_certs=/ca.pem", "option 'ssl_ca_certs'"),
        ("http://localhost:8000", "embedded:DIR"),
        ("postgres://db", "embedded:DIR"),
        ("no url at all", "embedded:DIR"),
        ("", "embedded:DIR"),
        ("embedded:", "needs a folder"),
        ("embedded://.fairlane", "write embedded:.fairlane for one below the current folder, or embedded:/.fairlane"),
        ("embedded://", "write embedded:.fairlane"),
        ("valkey:db", "must begin with valkey://"),
        ("valkey://db:99999", "port"),
        ("valkey://db:0", "port"),
        ("valkey://db:http", "port"),
        ("valkey://db/jobs", "database"),
        ("valkey://db?socket_timeout=99", "option 'socket_timeout'"),
        ("valkey://db?ssl_ca_certs=/ca.pem", "option 'ssl_ca_certs'"),
        ("unix://relative.sock", "absolute"),
    ],
)
def test_refused_urls(url: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        parse_store_url(url)


@pytest.mark.parametrize(
    "url",
    [
        f"valkey://ann:{SECRET}@db:70000",
        f"valkey://ann:{SECRET}#@db",
        f"valkey://ann:{SECRET}/x@db",
        f"valkey://:{SECRET}@db/name",
        f"valkey://db?password={SECRET}&db=1",
        f"valkey://{SECRET}@db:port",
        f"postgres://ann:{SECRET}@db",
        f"valkey://ann:a@{SECRET}@[::1",
        f"sentinel://ann:{SECRET}@a,b",
        f"sentinel://a,b/main?sentinel_password={SECRET}&port=1",
    ],
)
def test_no_error_quotes_a_password(url: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_store_url(url)
    assert SECRET not in str(refusal.value)
    assert SECRET not in redact_url(url)


def test_a_parsed_url_shows_no_password() -> None:
    parsed = parse_store_url(f"valkeys://ann:{SECRET}@[::1]:7000/2")
    assert str(parsed) == repr(parsed) == "valkeys://***@[::1]:7000/2"
    parsed = parse_store_url(f"sentinel://ann:{SECRET}@[::1],b:7000/main?db=2&sentinel_password={SECRET}")
    assert str(parsed) == repr(parsed) == "sentinel://***@[::1]:26379,b:7000/main?db=2"


def test_redaction_keeps_the_rest() -> None:
    assert redact_url("redis://ann:p@db:1/2?db=3") == "redis://***@db:1/2?db=3"
    assert redact_url("embedded:/home/a@b") == "embedded:/home/a@b"
    assert redact_url("https://ann:p@api/x") == "https://***@api/x"
    assert redact_url("redis:ann:p@db") == "redis:***@db"
    assert redact_url("ann:p@db:6379") == redact_url("p@db:6379") == "***@db:6379"
    assert redact_url("valkey://db?user=ann&pass=p&db=1") == "valkey://db?user=***&pass=***&db=1"
