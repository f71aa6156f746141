"""A report of 20 pages: they are fetched in parallel, then merged, then a mail goes out, whatever happened before.

In this folder, in two terminals. The limit goes, since a tenant may submit 10 jobs a minute by default:

    fairlane up report_by_mail:jobs --default-rate off
    python report_by_mail.py
"""

import asyncio

from fairlane import App, Cancel, JobHandle, State, current

jobs = App()


@jobs.task
async def fetch(address: str) -> int:
    """Fetch a page, and return how many words it has."""
    await asyncio.sleep(0.05)
    if "missing" in address:
        raise Cancel("there is no such page")
    return 100


@jobs.task
async def merge() -> int:
    """Add up the words of all pages."""
    return sum(page.result_as(int) for page in current().needs)


@jobs.task
async def mail(recipient: str) -> str:
    """Mail the recipient how many words the report has, or that a page is missing."""
    (report,) = current().needs
    text = f"{report.result_as(int)} words" if report.state is State.COMPLETED else "a page is missing"
    return f"to {recipient}: {text}"


async def order_report(addresses: list[str], recipient: str) -> JobHandle[str]:
    """Submit the whole flow. Returns the job that sends the mail."""
    pages = await fetch.using(tenant="acme").submit_many([(address,) for address in addresses])
    report = await merge.using(tenant="acme", needs=pages).submit()
    return await mail.using(tenant="acme", needs=[report], on_need_failed="run").submit(recipient)


async def main() -> None:
    """Order a report, and wait for the mail."""
    async with jobs:
        mailed = await order_report([f"example.com/pages/{page}" for page in range(20)], "ada@example.com")
        print(await mailed.result())  # noqa: T201 (it runs in a terminal)


if __name__ == "__main__":
    asyncio.run(main())
