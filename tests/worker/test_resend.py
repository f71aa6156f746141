"""Outcomes leave in the order that they came, in batches of a bounded size."""

import msgspec

from fairlane.model.lease import Outcome, OutcomeKind
from fairlane.worker.resend import MOST_BYTES, Outbox


def outbox_of(*sizes: int) -> Outbox:
    outbox = Outbox()
    for number, size in enumerate(sizes):
        result = msgspec.Raw(b"1" * size) if size else None
        outbox.add(Outcome(job_id=str(number), token="t", kind=OutcomeKind.COMPLETED, result=result))
    return outbox


def batches(outbox: Outbox, most: int) -> list[list[str]]:
    found = []
    while outbox:
        found.append([outcome.job_id for outcome in outbox.take(most)])
    return found


def test_batches_are_bounded_in_number() -> None:
    assert batches(outbox_of(0, 1, 0, 5, 0), most=2) == [["0", "1"], ["2", "3"], ["4"]]


def test_batches_are_bounded_in_bytes_but_never_empty() -> None:
    outbox = outbox_of(MOST_BYTES, 1, MOST_BYTES * 2, 0, MOST_BYTES - 1, 1)
    assert batches(outbox, most=10) == [["0"], ["1"], ["2", "3"], ["4", "5"]]


def test_what_could_not_be_sent_goes_first_again() -> None:
    outbox = outbox_of(0, 0, 0)
    outbox.put_back(outbox.take(2))
    assert batches(outbox, most=10) == [["0", "1", "2"]]
