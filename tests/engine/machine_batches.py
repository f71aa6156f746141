"""What is done with batches."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from fairlane.model.batch import NewBatch
from fairlane.model.job import NewJob

from .drawn import callbacks, new_jobs, tenants
from .machine_clients import ClientRules


class BatchRules(ClientRules):
    """Create, add to, seal and cancel batches."""

    @rule(tenant=tenants, wanted=callbacks, sealed=st.booleans())
    def create_batch(self, tenant: str, wanted: dict[str, dict[str, Any]], sealed: bool) -> None:
        jobs = {name: NewJob(id="", tenant_id=tenant, **fields) for name, fields in wanted.items()}
        fields = {"finally_" if name == "finally" else name: job for name, job in jobs.items()}
        batch = NewBatch(id=self._next_id(), tenant_id=tenant, **fields)
        self._do(lambda: self.engine.batches.create(batch))
        self.model.create_batch(batch.id, tenant, jobs)
        if sealed:
            self._seal(batch.id)

    @precondition(lambda self: self.model.batches)
    @rule(
        data=st.data(), requests=st.lists(new_jobs, min_size=1, max_size=4), is_own=st.sampled_from([True, True, False])
    )
    def submit_to_a_batch(self, data: st.DataObject, requests: list[dict[str, Any]], is_own: bool) -> None:
        """Jobs of its tenant, or of any."""
        batch_id = self._drawn_batch(data)
        own = {"tenant_id": self.model.batches[batch_id].tenant_id} if is_own else {}
        self._submit([NewJob(id=self._next_id(), batch_id=batch_id, **request | own) for request in requests])

    @precondition(lambda self: self.model.batches)
    @rule(data=st.data())
    def seal_batch(self, data: st.DataObject) -> None:
        self._seal(self._drawn_batch(data))

    def _seal(self, batch_id: str) -> None:
        self._do(lambda: self.engine.batches.seal(batch_id))
        self.model.seal_batch(batch_id)

    @precondition(lambda self: self.model.batches)
    @rule(data=st.data())
    def cancel_batch(self, data: st.DataObject) -> None:
        batch_id = self._drawn_batch(data)
        done = self._do(lambda: self._allowed(self.engine.batches.cancel(batch_id)))
        assert done == self.model.cancel_batch(batch_id)

    @rule()
    def settle(self) -> None:
        step = self._run(lambda: self.engine.maintenance.settle(50))
        assert (step.count, step.next_ms) == (self.model.settle(), None)
        self.last = None

    def _drawn_batch(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(list(self.model.batches)))
