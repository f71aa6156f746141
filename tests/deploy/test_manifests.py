"""The files of deploy/ are well-formed, and agree with the command line and with each other."""

from __future__ import annotations

import importlib
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest

from fairlane.cli.main import cli
from fairlane.model.durations import parse_duration_ms

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = DEPLOY / "docker" / "Dockerfile"
UNITS = sorted((DEPLOY / "systemd").iterdir())
yaml: Any = importlib.import_module("yaml")  # it has no types


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def manifests() -> dict[tuple[str, str], dict[str, Any]]:
    found = [document for path in (DEPLOY / "kubernetes").glob("*.yaml") for document in documents(path)]
    return {(each["kind"], each["metadata"]["name"]): each for each in found if "metadata" in each}


def container_of(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    pod = manifests()["Deployment", name]["spec"]["template"]["spec"]
    return pod, pod["containers"][0]


def services() -> dict[str, dict[str, Any]]:
    (compose,) = documents(DEPLOY / "docker" / "compose.yaml")
    return dict(compose["services"])


def commands() -> dict[str, list[str]]:
    """Every `fairlane` command line in deploy/, by where it stands."""
    found = {f"compose {name}": service["command"] for name, service in services().items() if name != "store"}
    for name in ("fairlane-api", "fairlane-worker-mail"):
        found[name] = container_of(name)[1]["args"]
    for unit in UNITS:
        line = re.search(r"^ExecStart=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
        assert line is not None
        found[unit.name] = shlex.split(line[1].replace("%i", "mail"))[1:]
    (default,) = re.findall(r"^CMD \[(.*)\]$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)
    found["Dockerfile"] = [word.strip('" ') for word in default.split(",")]
    return found


@pytest.mark.parametrize(("where", "words"), commands().items(), ids=commands().keys())
def test_each_command_line_is_one_that_fairlane_takes(where: str, words: list[str]) -> None:
    command = cli.commands[words[0]]
    context = click.Context(command)
    command.parse_args(context, list(words[1:]))  # raises UsageError for an unknown option


def seconds(text: str) -> float:
    return parse_duration_ms(text, "a time") / 1000


def drain_in(words: list[str]) -> float:
    return seconds(words[words.index("--drain") + 1])


def test_each_worker_has_time_to_drain() -> None:
    lines = commands()
    pod, _ = container_of("fairlane-worker-mail")
    assert pod["terminationGracePeriodSeconds"] >= drain_in(lines["fairlane-worker-mail"]) + 10
    assert seconds(services()["worker"]["stop_grace_period"]) >= drain_in(lines["compose worker"]) + 10
    for unit in UNITS:
        (limit,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
        assert int(limit) >= drain_in(lines[unit.name]) + 10, unit.name


@pytest.mark.parametrize("name", ["fairlane-api", "fairlane-worker-mail"])
def test_each_deployment_is_probed_locked_down_and_kept_available(name: str) -> None:
    pod, container = container_of(name)
    ports = {port["name"] for port in container["ports"]}
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert {container[probe]["httpGet"]["port"] for probe in ("livenessProbe", "readinessProbe")} <= ports
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert manifests()["PodDisruptionBudget", name]["spec"]["selector"]["matchLabels"] == {"app": name}


def test_autoscalers_name_the_deployment_and_its_slots() -> None:
    words = commands()["fairlane-worker-mail"]
    keda = manifests()["ScaledObject", "fairlane-worker-mail"]["spec"]
    (trigger,) = keda["triggers"]
    assert trigger["metadata"]["targetValue"] == words[words.index("--slots") + 1]
    assert (
        manifests()["HorizontalPodAutoscaler", "fairlane-worker-mail"]["spec"]["scaleTargetRef"]["kind"] == "Deployment"
    )


def test_the_image_is_built_from_files_that_are_there_and_runs_as_another_user() -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")
    copied = [word for line in re.findall(r"^COPY (?!--)(.*)$", text, re.MULTILINE) for word in line.split()[:-1]]
    assert copied
    assert all((ROOT / name).exists() for name in copied)
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001$", last, re.MULTILINE)
    assert re.search(r'^ENTRYPOINT \["fairlane"\]$', last, re.MULTILINE), "a shell as process 1 passes no signals on"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
@pytest.mark.parametrize("unit", UNITS, ids=[unit.name for unit in UNITS])
def test_systemd_finds_nothing_wrong_with_the_units(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text(encoding="utf-8").replace("/srv/fairlane/.venv/bin/fairlane", "/bin/true")
    copy = tmp_path / unit.name
    copy.write_text(text)
    checked = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False)
    about = [line for line in (checked.stdout + checked.stderr).splitlines() if unit.stem.split("@")[0] in line]
    assert about == []
