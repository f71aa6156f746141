"""The README's examples work as they are pasted."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from .running import up

README = (Path(__file__).parents[2] / "README.md").read_text()


def _examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_curl_example_submits_a_job(tmp_path: Path) -> None:
    (example,) = (text for text in _examples("sh") if "curl" in text)
    with up(tmp_path) as system:
        api = system.await_ready()
        pasted = example.replace("http://127.0.0.1:8000", api.url)
        submit, _, listing = pasted.rpartition("\n")[0].rpartition("\n")
        answer = subprocess.run(["/bin/sh", "-ec", submit], capture_output=True, check=True, timeout=20)
        job = json.loads(answer.stdout)
        assert job["tenantId"] == "acme"
        api.await_state([job["id"]], "completed")
        answer = subprocess.run(["/bin/sh", "-ec", listing], capture_output=True, check=True, timeout=20)
        assert [found["id"] for found in json.loads(answer.stdout)["jobs"]] == [job["id"]]


def test_the_python_example_runs_its_own_task(tmp_path: Path) -> None:
    (example,) = _examples("python")
    (tmp_path / "reports.py").write_text(example)
    with up(tmp_path, "reports:app") as system:
        system.await_ready()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLANE_")}
        answer = subprocess.run(
            [sys.executable, "reports.py"],
            check=False,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            timeout=30,
            text=True,
        )
        assert (answer.returncode, answer.stdout) == (0, "s3://reports/42.csv\n"), answer.stderr
