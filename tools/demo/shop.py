"""Tasks of a made-up shop, which take their time, say how far they are, and fail now and then."""

import asyncio
import logging
import random

from fairlane import App, Retry, current

app = App()
_log = logging.getLogger("shop")


class MailboxFull(Exception):
    """What a mail server says now and then."""


@app.task(name="email.send", queue="mail", retry=Retry(3, base="20s"))
async def send_email(to: str, template: str) -> str:
    """Send one mail."""
    await asyncio.sleep(random.uniform(3, 9))
    if to.startswith("full@"):
        raise MailboxFull(f"552 5.2.2 mailbox of {to} is full (template {template!r})")
    return f"queued for {to}"


@app.task(name="report.build", queue="reports")
async def build_report(month: str, rows: int, sections: list[str]) -> dict[str, object]:
    """Build a report, section by section."""
    for number, section in enumerate(sections, 1):
        _log.info("%s: %s rows of %s", month, rows, section)
        await current().progress(number, len(sections), section)
        await asyncio.sleep(random.uniform(3, 6))
    return {"url": f"s3://reports/{month}.pdf", "rows": rows, "sections": sections}


@app.task(name="thumbnail.render")
async def render_thumbnail(image: str, width: int) -> list[int]:
    """Render one picture."""
    await asyncio.sleep(random.uniform(4, 12))
    return [width, round(width * 0.75), len(image)]
