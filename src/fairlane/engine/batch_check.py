"""What the doctor knows of batches. lua/include/batches.lua describes the keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from . import keys
from .reading import Reader

_STANDINGS = {"completed": 2, "cancelled": 3, "failed": 4}
_INDEXES = (keys.BATCHES, keys.OVER)


class BatchCheck:
    """The batches of a partition."""

    def __init__(self) -> None:
        self.batched: dict[str, str] = {}
        self.fields: dict[str, dict[str, bytes]] = {}
        self.members: dict[str, dict[str, float]] = {}
        self.indexes: dict[str, set[str]] = {}

    @classmethod
    async def take(cls, reader: Reader, names: set[str]) -> BatchCheck:
        self = cls()
        self.batched = {job: batch.decode() for job, batch in (await reader.hash("batched")).items()}
        known = [name for name in names if name.startswith(keys.BATCH)]
        for name, values in (await reader.replies("HGETALL", known)).items():
            fields = {values[i].decode(): values[i + 1] for i in range(0, len(values), 2)}
            self.fields[name.removeprefix(keys.BATCH)] = fields
        members = await reader.scores([name for name in names if name.startswith(keys.MEMBERS)])
        self.members = {name.removeprefix(keys.MEMBERS): jobs for name, jobs in members.items()}
        indexes = [name for name in names if name.startswith(_INDEXES)]
        found = await reader.scores([*indexes, "batches_due", "unsettled", "cancelling"])
        self.indexes = {name: set(batches) for name, batches in found.items()}
        return self

    def problems(self, ended: Mapping[str, set[str]], jobs: set[str]) -> set[str]:
        """`ended`: the ended jobs by state; `jobs`: all."""
        return {*self._problems_of_members(ended, jobs), *self._problems_of_batches(), *self._problems_of_indexes()}

    def _problems_of_members(self, ended: Mapping[str, set[str]], jobs: set[str]) -> Iterator[str]:
        standings = {job: _STANDINGS[state] for state, some in ended.items() for job in some}
        yield from (f"job {job} is in a batch and has no record" for job in self.batched.keys() - jobs)
        for job, batch in self.batched.items():
            if batch in self.fields and job not in self.members.get(batch, {}):
                yield f"job {job} is not in its batch {batch}"
        for batch, members in self.members.items():
            for job, standing in members.items():
                if self.batched.get(job) != batch:
                    yield f"batch {batch} has the job {job}, which does not belong to it"
                elif standings.get(job, min(standing, 1)) != standing:
                    yield f"batch {batch} does not know the state of the job {job}"

    def _problems_of_batches(self) -> Iterator[str]:
        for batch, fields in self.fields.items():
            standings = self.members.get(batch, {}).values()
            is_over = "sealed" in fields and all(standing > 1 for standing in standings)
            deleted = sum(int(fields.get(f"deleted_{_STANDINGS[state]}", 0)) for state in ("cancelled", "failed"))
            has_died = deleted > 0 or any(standing > _STANDINGS["completed"] for standing in standings)
            is_due = has_died and "cancelled" not in fields and "on_failure" in fields
            if batch not in self.indexes["unsettled"]:
                if is_over != ("over" in fields):
                    yield f"batch {batch} is {'' if is_over else 'not '}over and does not know it"
                if is_due or (is_over and "finally" in fields):
                    yield f"batch {batch} has not made a callback that is due"

    def _problems_of_indexes(self) -> Iterator[str]:
        over = {batch for batch, fields in self.fields.items() if "over" in fields}
        tenants = {batch: fields["tenant"].decode() for batch, fields in self.fields.items()}
        wanted = {
            keys.BATCHES: set(tenants),
            "batches_due": over,
            **{f"{keys.BATCHES}{tenant}": {b for b in tenants if tenants[b] == tenant} for tenant in tenants.values()},
            **{f"{keys.OVER}{tenant}": {b for b in over if tenants[b] == tenant} for tenant in tenants.values()},
        }
        for name, batches in wanted.items():
            found = self.indexes.get(name, set())
            yield from (f"batch {batch} is not in {name}" for batch in batches - found)
            yield from (f"{name} has the batch {batch}, which does not belong there" for batch in found - batches)
