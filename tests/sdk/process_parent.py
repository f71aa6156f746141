"""A task that submits another one from a child process, which imports this module."""

from __future__ import annotations

from fairlane import App

app = App()


@app.task
async def child() -> None:
    pass


@app.task(executor="process")
def parent(count: int) -> list[str]:
    return [child.submit_sync().id for _ in range(count)]
