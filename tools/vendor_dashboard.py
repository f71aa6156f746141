"""Fetches the libraries of the dashboard from npm, byte for byte as they were published.

Change a version below, run `python tools/vendor_dashboard.py` where npm is installed, and commit what changed.
"""

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parents[1] / "src" / "fairlane" / "server" / "dashboard" / "vendor"

# By package and version: what is taken from it, and the name that it gets here.
PACKAGES: dict[str, dict[str, str]] = {
    "preact@11.2.0": {"dist/preact.mjs": "preact.mjs", "hooks/dist/hooks.mjs": "preact-hooks.mjs"},
    "@preact/signals@2.11.4": {"dist/signals.mjs": "signals.mjs"},
    "@preact/signals-core@1.14.5": {"dist/signals-core.mjs": "signals-core.mjs"},
    "htm@3.1.1": {"dist/htm.mjs": "htm.mjs"},
    "uplot@1.6.32": {"dist/uPlot.iife.min.js": "uplot.js", "dist/uPlot.min.css": "uplot.css"},
}


def fetch(package: str, files: dict[str, str], folder: Path) -> None:
    """Copy these files of a package, and its licence, into the vendor folder."""
    packed = subprocess.run(
        ["npm", "pack", "--silent", package], cwd=folder, capture_output=True, text=True, check=True, timeout=120
    )
    with tarfile.open(folder / packed.stdout.strip()) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    name = package.rpartition("@")[0].removeprefix("@").replace("/", "-")
    for source, target in {**files, "LICENSE": f"LICENSE.{name}"}.items():
        shutil.copyfile(folder / "unpacked" / "package" / source, VENDOR / target)


def checksums() -> str:
    """A line for each file, in the form that `sha256sum --check` reads."""
    files = sorted(path for path in VENDOR.iterdir() if path.name not in {"SHA256SUMS", "README.md"})
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)


def main() -> None:
    for package, files in PACKAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            fetch(package, files, Path(folder))
            print(package)
    (VENDOR / "SHA256SUMS").write_text(checksums())


if __name__ == "__main__":
    main()
