"""`python -m tests.faults.submitter STORE_URL TENANT KEY PAYLOAD COUNT`: submits at once, when a line comes in.

Prints the status and the job of each answer.
"""

from __future__ import annotations

import asyncio
import sys

from fairlane.connect import open_engine
from fairlane.engine import Engine
from fairlane.model.job import NewJob


async def main(url: str, tenant: str, key: str, payload: str, count: str) -> None:
    engine = await open_engine(url, durability="memory")
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    for answer in await asyncio.gather(*(submit(engine, tenant, key, payload) for _ in range(int(count)))):
        say(answer)
    await engine.close()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def submit(engine: Engine, tenant: str, key: str, payload: str) -> str:
    job = NewJob(id=engine.jobs.new_id(tenant), tenant_id=tenant, payload=payload.encode(), idempotency_key=key)
    (answer,) = await engine.jobs.submit([job])
    return f"{answer.status.value} {answer.job_id}"


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
