"""Clients that generators make from the OpenAPI document compile, and leave out what may be left out."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fairlane.server.http.openapi import openapi_document
from fairlane.server.routes import API

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = json.loads(openapi_document(API))
SCHEMAS: dict[str, dict[str, Any]] = DOCUMENT["components"]["schemas"]
_TYPESCRIPT_CLIENT = """
import type { components } from "./api";
export const job: components["schemas"]["JobBody"] = { tenantId: "acme", payload: { n: 1 } };
export const claim: components["schemas"]["ClaimBody"] = { workerId: "w1" };
export const page = (answer: components["schemas"]["JobPage"]): string[] => answer.jobs.map((job) => job.id);
export const attempts = (job: components["schemas"]["Job"]): number => job.maxAttempts;
"""


def run(*command: str, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def node_tool(name: str) -> str:
    """The path of a tool that npm has installed."""
    tool = ROOT / "node_modules" / ".bin" / name
    if shutil.which("node") is None or not tool.exists():
        pytest.skip(f"{name} is not installed: it needs Node.js")
    return str(tool)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "api.json").write_text(json.dumps(DOCUMENT))
    return tmp_path


def schemas_of_requests() -> set[str]:
    """The names of all schemas that request bodies refer to, at any depth."""
    bodies = [
        operation["requestBody"]
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
        if "requestBody" in operation
    ]
    found: set[str] = set()
    pending = re.findall(r"#/components/schemas/(\w+)", json.dumps(bodies))
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += re.findall(r"#/components/schemas/(\w+)", json.dumps(SCHEMAS[name]))
    return found


def test_no_field_of_a_request_has_a_default() -> None:
    """openapi-typescript takes such a field for one that clients must send."""
    requests = schemas_of_requests()
    assert {"JobBody", "BatchItem", "ClaimBody", "BackoffBody"} <= requests
    for name in requests:
        for field, schema in SCHEMAS[name].get("properties", {}).items():
            assert "default" not in schema, f"{name}.{field}"
    assert SCHEMAS["JobBody"]["properties"]["maxAttempts"]["description"] == "Default: 3."


def test_no_schema_has_the_name_of_its_own_property() -> None:
    """openapi-python-client names a variable after each, and mypy refuses its code if the names are equal."""
    for name, schema in SCHEMAS.items():
        variable = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        properties = {re.sub(r"(?=[A-Z])", "_", field).lower() for field in schema.get("properties", {})}
        assert variable not in properties, name


def test_a_python_client_compiles(folder: Path) -> None:
    generator = shutil.which("openapi-python-client", path=str(Path(sys.executable).parent))
    if generator is None:
        pytest.skip("openapi-python-client is not installed: `make test` installs it")
    run(generator, "generate", "--path", "api.json", "--output-path", "client", "--meta", "none", folder=folder)
    # The code for our schemas and calls; client.py is the generator's own, the same for every API.
    checked = ("--follow-imports=silent", "client/models", "client/api")
    assert "Success" in run(sys.executable, "-m", "mypy", "--strict", *checked, folder=folder)


def test_a_typescript_client_compiles(folder: Path) -> None:
    generator, compiler = node_tool("openapi-typescript"), node_tool("tsc")
    run(generator, "api.json", "--output", "api.d.ts", folder=folder)
    (folder / "client.ts").write_text(_TYPESCRIPT_CLIENT)
    run(compiler, "--strict", "--noEmit", "--target", "es2022", "client.ts", folder=folder)
