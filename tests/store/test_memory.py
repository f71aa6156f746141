"""The memory limit of the embedded store, from the machine or from the container that it runs in."""

from pathlib import Path

import pytest

from fairlane.store.embedded.memory import default_memory_limit, group_bytes

GIB = 1 << 30


@pytest.mark.parametrize(
    ("groups", "limits", "least"),
    [
        ("", {}, float("inf")),
        ("0::/a/b\n", {"a/memory.max": "max\n", "a/b/memory.max": f"{GIB}\n"}, GIB),
        ("0::/a/b\n", {"a/memory.max": f"{GIB}\n", "a/b/memory.max": f"{2 * GIB}\n"}, GIB),
        ("0::/not/mounted/here\n", {"memory.max": f"{GIB}\n"}, GIB),
        ("0::/a\n", {"a/memory.max": "max\n"}, float("inf")),
        ("5:cpu:/a\n4:memory:/a\n0::/\n", {"memory/a/memory.limit_in_bytes": f"{GIB}\n"}, GIB),
        ("4:memory:/docker/x\n", {"memory/memory.limit_in_bytes": f"{GIB}\n"}, GIB),
        ("5:cpu:/a\n", {"memory/a/memory.limit_in_bytes": f"{GIB}\n"}, float("inf")),
    ],
)
def test_the_least_limit_of_the_control_groups_counts(
    tmp_path: Path, groups: str, limits: dict[str, str], least: float
) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(groups)
    for name, limit in limits.items():
        path = tmp_path / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(limit)
    assert group_bytes(tmp_path) == least


def test_the_default_is_at_most_half_of_the_machine() -> None:
    [total] = [int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines() if "MemTotal" in line]
    assert 0 < default_memory_limit() <= total * 1024 // 2
