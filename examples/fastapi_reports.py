"""A FastAPI app that has reports built in the background, each for the customer who asks.

In this folder, in two terminals:

    fairlane up fastapi_reports:jobs
    uvicorn --port 8001 fastapi_reports:web

Then order a report, and ask for it:

    curl -X POST http://127.0.0.1:8001/reports -H 'X-Customer: acme' -H 'Content-Type: application/json' \\
        -d '{"year": 2025}'
    curl http://127.0.0.1:8001/reports/ID -H 'X-Customer: acme'
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException, Response
from pydantic import BaseModel, Field

from fairlane import App, InvalidInput, NotFound, RateLimited, Retry, State, StoreUnavailable, current

jobs = App()


@jobs.task(retry=Retry(5, base="5s"), timeout="2m")
async def build_report(year: int, pages: int) -> str:
    """Build a report, and tell how far it is."""
    for page in range(1, pages + 1):
        await asyncio.sleep(0.02)
        await current().progress(page, pages, f"page {page}")
    return f"reports/{current().tenant}/{year}.pdf"


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Give the connections back when the server ends."""
    async with jobs:
        yield


web = FastAPI(lifespan=lifespan)
Customer = Annotated[str, Header(alias="X-Customer")]


class Order(BaseModel):
    """What a customer orders."""

    year: int = Field(ge=1990, le=2100)
    pages: int = Field(default=3, ge=1, le=100)


@web.post("/reports", status_code=202)
async def order_report(order: Order, customer: Customer, response: Response) -> dict[str, str]:
    """Order a report. Twice the same order while the first is unfinished is one report."""
    try:
        submitter = build_report.using(tenant=customer, key=f"report-{order.year}")
        job = await submitter.submit(order.year, order.pages)
    except InvalidInput as error:
        raise HTTPException(422, error.detail) from error  # the customer's name is no tenant's
    except RateLimited as error:
        headers = {"Retry-After": str(math.ceil(error.retry_after))}
        raise HTTPException(429, "you order too fast", headers) from error
    except StoreUnavailable as error:
        raise HTTPException(503, "try again soon", {"Retry-After": "5"}) from error
    response.headers["Location"] = f"/reports/{job.id}"
    return {"id": job.id}


@web.get("/reports/{job_id}")
async def show_report(job_id: str, customer: Customer) -> dict[str, Any]:
    """How far a report is, and where to find it."""
    handle = jobs.job(job_id)
    try:
        job = await handle.refresh()
    except NotFound as error:
        raise HTTPException(404, "there is no such report") from error
    if job.tenant_id != customer:
        raise HTTPException(404, "there is no such report")
    answer: dict[str, Any] = {"id": job.id, "state": job.state.value}
    if job.state is State.COMPLETED:
        answer["file"] = await handle.result()
    elif job.state is State.FAILED and job.error is not None:
        answer["error"] = job.error.message
    elif job.progress is not None:
        answer["progress"] = {"page": job.progress.current, "of": job.progress.total}
    return answer
