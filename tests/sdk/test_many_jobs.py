"""Many jobs are submitted in calls that delay other callers only briefly."""

from __future__ import annotations

import pytest

from fairlane.sdk.many_jobs import BATCH, BATCH_BYTES, batches


@pytest.mark.parametrize(
    ("sizes", "calls"),
    [
        ([], []),
        ([1] * BATCH, [BATCH]),
        ([1] * (2 * BATCH + 1), [BATCH, BATCH, 1]),
        ([BATCH_BYTES // 4] * 9, [4, 4, 1]),
        ([1, BATCH_BYTES, BATCH_BYTES + 1, 1], [1, 1, 1, 1]),
    ],
)
def test_calls_have_so_many_jobs_and_bytes(sizes: list[int], calls: list[int]) -> None:
    made = list(batches([b"x" * size for size in sizes]))
    assert [len(call) for call in made] == calls
    assert [len(payload) for call in made for payload in call] == sizes
