"""The Helm chart. Its output for helm/values.yaml is recorded, so that it is checked also where there is no helm."""

from __future__ import annotations

import importlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest

from fairlane.cli.main import cli
from fairlane.model.durations import parse_duration_ms

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "fairlane"
HERE = Path(__file__).parent / "helm"
RECORDED = HERE / "rendered.yaml"
needs_helm = pytest.mark.skipif(shutil.which("helm") is None, reason="helm is not here")
yaml: Any = importlib.import_module("yaml")  # it has no types


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["helm", *arguments], capture_output=True, text=True, check=False)


def render(*arguments: str) -> subprocess.CompletedProcess[str]:
    return helm("template", "jobs", str(CHART), "--values", str(HERE / "values.yaml"), *arguments)


def recorded() -> dict[tuple[str, str], dict[str, Any]]:
    documents = yaml.safe_load_all(RECORDED.read_text(encoding="utf-8"))
    return {(each["kind"], each["metadata"]["name"]): each for each in documents if each}


def pod_of(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    pod = recorded()["Deployment", name]["spec"]["template"]["spec"]
    return pod, pod["containers"][0]


@needs_helm
def test_the_recorded_output_is_that_of_helm() -> None:
    rendered = render()
    assert rendered.returncode == 0, rendered.stderr
    assert rendered.stdout == RECORDED.read_text(encoding="utf-8")


@needs_helm
def test_helm_finds_nothing_wrong() -> None:
    checked = helm("lint", "--strict", str(CHART))
    assert checked.returncode == 0, checked.stdout + checked.stderr


@needs_helm
def test_scaling_workers_of_several_queues_is_refused() -> None:
    refused = render("--set", "workers.mail.queues={mail,reports}")
    assert refused.returncode != 0
    assert "workers.mail: keda needs exactly one queue" in refused.stderr


def test_it_makes_an_api_and_each_kind_of_worker() -> None:
    assert recorded().keys() == {
        ("Deployment", "jobs-api"),
        ("Service", "jobs-api"),
        ("PodDisruptionBudget", "jobs-api"),
        ("Deployment", "jobs-worker-mail"),
        ("PodDisruptionBudget", "jobs-worker-mail"),
        ("ScaledObject", "jobs-worker-mail"),
        ("TriggerAuthentication", "jobs-worker-mail"),
        ("Deployment", "jobs-worker-rest"),
        ("PodDisruptionBudget", "jobs-worker-rest"),
    }
    assert "replicas" not in recorded()["Deployment", "jobs-worker-mail"]["spec"], "KEDA sets them"
    assert recorded()["Deployment", "jobs-worker-rest"]["spec"]["replicas"] == 3


@pytest.mark.parametrize("name", ["jobs-api", "jobs-worker-mail", "jobs-worker-rest"])
def test_each_deployment_runs_a_command_that_fairlane_takes_and_is_probed(name: str) -> None:
    pod, container = pod_of(name)
    command, *options = container["args"]
    cli.commands[command].parse_args(click.Context(cli.commands[command]), options)  # raises UsageError
    ports = {port["name"] for port in container["ports"]}
    for probe, path in (("livenessProbe", "/livez"), ("readinessProbe", "/readyz")):
        assert container[probe]["httpGet"]["path"] == path
        assert container[probe]["httpGet"]["port"] in ports
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    labels = recorded()["Deployment", name]["spec"]["template"]["metadata"]["labels"]
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert recorded()[kind, name]["spec"]["selector"]["matchLabels"] == labels


@pytest.mark.parametrize("name", ["jobs-worker-mail", "jobs-worker-rest"])
def test_each_worker_has_time_to_drain(name: str) -> None:
    pod, container = pod_of(name)
    words = container["args"]
    drain_s = parse_duration_ms(words[words.index("--drain") + 1], "a time") / 1000
    assert pod["terminationGracePeriodSeconds"] == drain_s + 10


def test_the_service_of_the_api_leaves_before_the_api_stops() -> None:
    pod, container = pod_of("jobs-api")
    (sleep, pause) = container["lifecycle"]["preStop"]["exec"]["command"]
    assert sleep == "sleep"
    assert 0 < int(pause) < pod["terminationGracePeriodSeconds"]
    assert recorded()["Service", "jobs-api"]["spec"]["selector"] == {"app": "jobs-api"}


def test_keda_asks_the_api_for_the_slots_of_the_queue() -> None:
    (trigger,) = recorded()["ScaledObject", "jobs-worker-mail"]["spec"]["triggers"]
    words = pod_of("jobs-worker-mail")[1]["args"]
    assert trigger["metadata"]["url"] == "http://jobs-api:8000/scaling?queue=mail&targetWaitSeconds=30"
    assert trigger["metadata"]["targetValue"] == words[words.index("--slots") + 1]
