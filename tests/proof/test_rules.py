"""Each rule finds the error that it is there to find, and none in a right history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from fairlane.model.tenant import Rate
from tools.proof.evidence import Allowed, Evidence, Record, Totals, Try
from tools.proof.notes import (
    AnyNote,
    Cancelling,
    Claimed,
    Ended,
    Extended,
    Finished,
    Held,
    Limited,
    Notebook,
    Observed,
    Phase,
    Ran,
    Sampled,
    Submitted,
    read_notes,
)
from tools.proof.rules import RULES, judge


def submitted(job: str = "a", **fields: Any) -> Submitted:
    """Accepted, unless told otherwise."""
    given: dict[str, Any] = {"who": "client", "at": 0, "until": 1, "mark": job, "tenant": "t", "answer": "accepted"}
    return Submitted(**given | {"job": job if fields.get("answer", "accepted") == "accepted" else ""} | fields)


def record(job: str = "a", **fields: Any) -> Record:
    return Record(**{"job": job, "tenant": "t", "mark": job, "state": "completed", "created": 0, "finished": 20,
                     "attempt": 1, "most_attempts": 3, "tries": [Try(1, 10, 20, "completed")], **fields})  # fmt: skip


def claimed(fence: int, at_ms: int, job: str = "a", *, who: str = "w", tenant: str = "t", attempt: int = 1) -> Claimed:
    held = Held(job, tenant, attempt, fence, 3)
    return Claimed(who=who, at=at_ms * 1_000, until=at_ms * 1_000 + 1, lease_ms=100, leases=[held])


def finished(fence: int, at_ms: int, job: str = "a", *, who: str = "w", **fields: Any) -> Finished:
    return Finished(**{"who": who, "at": at_ms * 1_000, "until": at_ms * 1_000 + 1, "job": job, "fence": fence,
                       "kind": "completed", "status": "ok", **fields})  # fmt: skip


def extended(fence: int, at_ms: int, status: str = "ok", *, who: str = "w") -> Extended:
    at = at_ms * 1_000
    return Extended(who=who, at=at, until=at + 1, job="a", fence=fence, status=status, lease_ms=100)


def limited(concurrency: int | None, at_ms: int, tenant: str = "t") -> Limited:
    at = at_ms * 1_000
    return Limited(who="driver", at=at, until=at, tenant=tenant, concurrency=concurrency, store_at=at_ms,
                   store_until=at_ms)  # fmt: skip


def sampled(number: int, memory: int = 100, descriptors: int = 100) -> Sampled:
    return Sampled(who="driver", at=number * 5_000_000, process="api", memory=memory, descriptors=descriptors)


def phase(name: str, store_ms: int) -> Phase:
    return Phase(who="driver", at=store_ms * 1_000, name=name, store_at=store_ms)


def tried(*spans: tuple[int, int]) -> list[Try]:
    return [Try(number, begin, end, "failed") for number, (begin, end) in enumerate(spans, 1)]


def evidence(notes: Sequence[AnyNote], *records: Record, **fields: Any) -> Evidence:
    return Evidence(notes=list(notes), records={one.job: one for one in records}, **fields)


def backlog(order: str) -> list[Record]:
    """Jobs of the tenants a and b that waited since 0, in the order in which they started."""
    return [
        record(f"{tenant}{at}", tenant=tenant, finished=at + 1, tries=tried((at, at + 1)))
        for at, tenant in enumerate(order, 1)
    ]


RATE = {"t": Allowed(start_rate=Rate(2, 1.0), submit_rate=Rate(2, 1.0))}
EQUAL = {"a": Allowed(), "b": Allowed()}
LIVING = extended(9, 1_000, "stale_lease", who="w")
"""A sign of life, without which the lease of a worker counts only as long as the worker is known to live."""

RIGHT = evidence(
    [
        submitted("a", idempotency_key="k", answer="unknown"),
        submitted("a", idempotency_key="k"),
        submitted("b", delay_ms=5),
        submitted("c", answer="refused"),
        submitted("b", mark="e", key="b"),
        limited(2, 0),
        claimed(1, 10),
        claimed(2, 12, "b", who="v"),
        Ran(who="tasks", at=11_000, job="a", attempt=1, fence=1),
        extended(1, 15),
        finished(1, 18, kind="snoozed", delay_ms=20),
        limited(1, 19),
        claimed(3, 38, who="v", attempt=1),
        extended(1, 40, "stale_lease"),
        finished(3, 45, who="v", status="unknown"),
        finished(3, 47, who="v"),
        finished(2, 30, "b", who="v"),
        Observed(who="client", at=1, job="a", state="pending"),
        Observed(who="client", at=50_000, job="a", state="completed"),
        Ended(who="driver", at=1, process="worker", code=-9, expected=True),
        phase("healed", 30),
        *(sampled(number, memory=100 + number % 5) for number in range(60)),
    ],
    record("a", finished=46, tries=tried((38, 46))),
    record("b", created=5, finished=30, key="b", tries=tried((12, 30))),
    record("d", mark="", created=2_000, finished=2_020, schedule="s", tick=2_000, tries=tried((2_001, 2_020))),
    tenants=RATE,
    totals=Totals(3, 3),
)

PLANTED: Mapping[str, Sequence[Evidence]] = {
    "lost": [
        evidence([submitted("a"), submitted("b")], record("a")),
        evidence([submitted("a"), claimed(1, 10), finished(1, 20, kind="released")], is_whole=False),
    ],
    "from_nowhere": [
        evidence([], record("a")),
        evidence([submitted("a", answer="refused")], record("a")),
    ],
    "one_job_per_request": [
        evidence([submitted("a")], record("a"), record("b", mark="a")),
        evidence(
            [
                submitted("a", idempotency_key="k"), claimed(1, 10), finished(1, 20),
                submitted("b", mark="a", idempotency_key="k"), claimed(2, 10, "b"), finished(2, 20, "b"),
            ],
            is_whole=False,
        ),
    ],
    "one_unfinished_job_per_key": [
        evidence(
            [submitted("a"), submitted("b")],
            record("a", key="k"), record("b", key="k", created=19, tries=tried((19, 20))),
        ),
    ],
    "unfinished": [evidence([submitted()], record(state="pending", finished=None))],
    "changed_its_end": [
        evidence([submitted(), Observed(who="c", at=1, job="a", state="failed")], record()),
        evidence([submitted(), claimed(1, 10), finished(1, 15)], record(state="cancelled")),
    ],
    "one_tick_one_job": [
        evidence([], record("a", mark="", schedule="s", tick=0), record("b", mark="", schedule="s", tick=0)),
        evidence([], record("a", mark="", schedule="s", tick=60)),
    ],
    "held_twice": [
        evidence([submitted(), claimed(1, 10), LIVING, claimed(2, 109, who="v")], record()),
        evidence([submitted(), claimed(1, 10), extended(1, 60), LIVING, claimed(2, 159, who="v")], record()),
        evidence([submitted()], record(tries=tried((10, 20), (19, 30)))),
    ],
    "fence_fell": [
        evidence([submitted(), claimed(2, 10), claimed(1, 300)], record()),
        evidence([submitted(), claimed(2, 10), claimed(2, 300)], record()),
    ],
    "accepted_when_stale": [
        evidence([submitted(), claimed(1, 10), claimed(2, 200, who="v"), finished(1, 201, kind="failed")], record()),
        evidence([submitted(), claimed(1, 10), claimed(2, 200, who="v"), extended(1, 201, "cancelled")], record()),
    ],
    "ended_twice": [
        evidence([submitted(), claimed(1, 10), finished(1, 20), claimed(2, 30), finished(2, 40)], record()),
        evidence([submitted(), claimed(1, 10), finished(1, 20), finished(1, 30, kind="released")], record()),
    ],
    "run_twice_under_a_lease": [
        evidence([submitted(), claimed(1, 10), *[Ran(who="w", at=11, job="a", attempt=1, fence=1)] * 2], record()),
        evidence([submitted(), claimed(1, 10), Ran(who="w", at=11, job="a", attempt=1, fence=7)], record()),
    ],
    "over_concurrency": [
        evidence(
            [submitted("a"), submitted("b"), limited(1, 0), claimed(1, 10), LIVING, claimed(2, 109, "b")],
            record("a"), record("b", tries=[]),
        ),
        evidence(
            [submitted("a"), submitted("b"), limited(2, 0), limited(1, 15)],
            record("a", tries=tried((10, 20))), record("b", tries=tried((19, 30))),
        ),
    ],
    "over_start_rate": [
        evidence([submitted()], record(tries=tried((0, 1), (400, 500), (999, 1_000))), tenants=RATE),
    ],
    "over_submit_rate": [
        evidence(
            [submitted("a"), submitted("b"), submitted("c")],
            record("a", tries=[]), record("b", created=1, tries=[]), record("c", created=999, tries=[]),
            tenants=RATE,
        ),
    ],
    "unfair": [
        evidence([phase("loaded", 0), *map(submitted, ("a1", "a2", "a3", "a4", "b5", "a6", "b7"))],
                 *backlog("aaaabab"), tenants=EQUAL),
    ],
    "early": [
        evidence([submitted(delay_ms=11)], record()),
        evidence([submitted(), claimed(1, 10), finished(1, 20, kind="snoozed", delay_ms=20), claimed(2, 39)], record()),
    ],
    "late": [evidence([submitted(), phase("healed", 0)], record(finished=60_001))],
    "too_many_attempts": [
        evidence([submitted(), claimed(1, 10, attempt=4)], record()),
        evidence([submitted()], record(attempt=4)),
    ],
    "failed_with_attempts_left": [evidence([submitted()], record(state="failed"))],
    "totals_differ": [
        evidence([submitted()], record(), totals=Totals(1, 2)),
        evidence([submitted()], record(), totals=Totals(2, 1)),
    ],
    "doctor_finds": [evidence([submitted()], record(), doctor=["a slot without a lease"])],
    "grew": [
        evidence([submitted(), *(sampled(number, memory=100 + number) for number in range(60))], record()),
        evidence([submitted(), *(sampled(number, descriptors=100 + number) for number in range(60))], record()),
    ],
    "leaked": [
        evidence([submitted()], record(), keys_at_rest={f"fl:{{0}}:j/{i}": 60 for i in range(100)}),
        evidence([submitted()], record(), keys_at_rest={"fl:{0}:tenants": 2_000_000}),
    ],
    "left_behind": [evidence([submitted()], record(), survivors=["process 7 is left"])],
    "ended_unasked": [
        evidence([submitted(), Ended(who="driver", at=1, process="api", code=-11, expected=False)], record()),
    ],
}  # fmt: skip


def test_a_right_history_has_no_violations() -> None:
    assert judge(RIGHT) == {}


@pytest.mark.parametrize(
    ("rule", "number"), [(rule, i) for rule, planted in PLANTED.items() for i in range(len(planted))]
)
def test_a_planted_error_is_found_by_its_rule_alone(rule: str, number: int) -> None:
    assert list(judge(PLANTED[rule][number])) == [rule]


def test_every_rule_has_a_planted_error() -> None:
    assert PLANTED.keys() == RULES.keys()


@pytest.mark.parametrize("order", ["abababababab", "aabbaabb", "abbaabbaab"])
def test_tenants_may_be_one_start_of_each_apart(order: str) -> None:
    notes: list[AnyNote] = [phase("loaded", 0), *(submitted(one.job) for one in backlog(order))]
    assert judge(evidence(notes, *backlog(order), tenants=EQUAL)) == {}


def test_a_lease_counts_only_while_its_worker_is_known_to_live() -> None:
    right = evidence([submitted(), claimed(1, 10), claimed(2, 50, who="v")], record())
    assert judge(right) == {}, "the worker may have been found dead"


@pytest.mark.parametrize("last", [Cancelling(who="client", at=1, job="a"), claimed(1, 10)])
def test_a_job_that_may_have_ended_and_been_deleted_is_not_lost(last: AnyNote) -> None:
    assert judge(evidence([submitted(), last], is_whole=False)) == {}


def test_a_lease_may_be_given_before_its_tenants_limit_is_lowered_and_arrive_after() -> None:
    arrives_late = Claimed(who="w", at=12_000, until=20_000, lease_ms=100, leases=[Held("b", "t", 1, 2, 3)])
    notes: list[AnyNote] = [
        submitted("a"),
        submitted("b"),
        limited(2, 0),
        claimed(1, 10),
        arrives_late,
        limited(1, 15),
        LIVING,
    ]
    assert judge(evidence(notes, record("a"), record("b", tries=[]))) == {}


def test_notes_come_back_from_their_files_without_a_line_that_was_cut_short(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path, "worker-1")
    notebook.write(claimed(1, 10), finished(1, 20))
    notebook.close()
    with (tmp_path / "worker-1.jsonl").open("a") as file:
        file.write('{"type":"Ran","who":"w","at"')
    assert list(read_notes(tmp_path)) == [claimed(1, 10), finished(1, 20)]
