"""GET /scaling against a simulated load: slots follow the jobs that could start, and limits ask for none."""

from __future__ import annotations

from itertools import count

from fairlane.model.ids import new_claim_id
from fairlane.model.lease import ClaimRequest, Lease, Outcome, OutcomeKind, WorkerReport
from fairlane.model.work import WorkCounts

from .conftest import Site

RUN_SECONDS = 2
STEP_SECONDS = 2
TARGET_SECONDS = 30
_reports = count(1)


class Fleet:
    """Workers of one queue, whose jobs all run for two seconds, and whose slots follow the signal at once."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.slots = 0
        self.running: list[Lease] = []
        self.history: list[int] = []

    async def ask(self) -> dict[str, int]:
        answer = await self.site.client.get("/scaling", params={"queue": "mail", "targetWaitSeconds": TARGET_SECONDS})
        assert answer.status_code == 200, answer.text
        found: dict[str, int] = answer.json()
        return found

    async def step(self) -> dict[str, int]:
        """End what runs, start what the slots allow, and scale."""
        leases = self.site.engine.leases
        done = [Outcome(job_id=job.job_id, token=job.token, kind=OutcomeKind.COMPLETED) for job in self.running]
        if done:
            await leases.finish(done)
        self.running = []
        if self.slots:
            request = ClaimRequest(worker_id="fleet", claim_id=new_claim_id(), max=self.slots, queues=("mail",))
            self.running = await leases.claim(request)
        counts = {"run/mail/2500": len(done), "run/mail/sum": 1000 * RUN_SECONDS * len(done)} if done else {}
        report = WorkerReport(
            id="fleet",
            queues=("mail",),
            slots=max(1, self.slots),
            running=len(self.running),
            jobs=tuple(job.job_id for job in self.running),
            work=WorkCounts(next(_reports), counts),
        )
        await leases.extend(report, [], 30_000)
        found = await self.ask()
        self.slots = found["desiredSlots"]
        self.history.append(self.slots)
        self.site.clock.travel(STEP_SECONDS)
        return found


async def test_slots_follow_a_burst_up_and_down_again(site: Site) -> None:
    fleet = Fleet(site)
    await site.submit("fine", 60)
    while (await fleet.step())["startable"]:
        assert len(fleet.history) < 100
    assert fleet.history[-1] == len(fleet.running), "as many as still run"
    assert (await fleet.step())["desiredSlots"] == 0

    began = site.clock.now_us
    await site.submit("fine", 600)
    fleet.history.clear()
    while (await fleet.step())["startable"]:
        assert len(fleet.history) < 100
    assert max(fleet.history) == 600 * RUN_SECONDS / TARGET_SECONDS
    assert (site.clock.now_us - began) / 1e6 <= TARGET_SECONDS + 3 * STEP_SECONDS
    assert (await fleet.step())["desiredSlots"] == 0


async def test_a_steady_load_keeps_its_slots(site: Site) -> None:
    fleet = Fleet(site)
    for _ in range(40):
        await site.submit("fine", 10)
        await fleet.step()
    assert set(fleet.history[-5:]) <= set(range(8, 15)), "five jobs a second of two seconds each need ten slots"


async def test_a_tenant_at_its_limit_asks_for_nothing(site: Site) -> None:
    await site.client.put("/tenants/acme", json={"concurrency": 2})
    fleet = Fleet(site)
    await site.submit("fine", 500)
    first = await fleet.ask()
    assert (first["startable"], first["blocked"], first["desiredSlots"]) == (2, 498, 1)
    fleet.slots = 50
    held = await fleet.step()
    assert (held["running"], held["startable"], held["blocked"], held["desiredSlots"]) == (2, 0, 498, 2)


async def test_a_paused_queue_asks_for_nothing(site: Site) -> None:
    await site.submit("fine", 5)
    await site.client.post("/queues/mail/pause")
    found = await Fleet(site).ask()
    assert (found["startable"], found["blocked"], found["desiredSlots"]) == (0, 5, 0)
