"""A Flask app that has thumbnails made in the background, each for the customer who asks.

In this folder, in two terminals:

    fairlane up flask_thumbnails:jobs
    flask --app flask_thumbnails:web run --port 8001

Then order a thumbnail, and ask for it:

    curl -X POST http://127.0.0.1:8001/thumbnails -H 'X-Customer: acme' -H 'Content-Type: application/json' \\
        -d '{"picture": "cat.png", "width": 200}'
    curl http://127.0.0.1:8001/thumbnails/ID -H 'X-Customer: acme'
"""

import math
import time
from typing import Any

from flask import Flask, abort, request, url_for
from flask.typing import ResponseReturnValue

from fairlane import App, InvalidInput, NotFound, RateLimited, State

jobs = App()
web = Flask(__name__)


@jobs.task(timeout="1m")
def make_thumbnail(picture: str, width: int) -> str:
    """Make a small picture. A plain function: workers run it in a thread."""
    if width < 1:
        raise ValueError("a thumbnail is at least one pixel wide")
    time.sleep(0.02)
    return f"{width}x/{picture}"


@web.errorhandler(RateLimited)
def too_fast(error: RateLimited) -> ResponseReturnValue:
    """The customer is over the submission rate."""
    return {"error": "you order too fast"}, 429, {"Retry-After": str(math.ceil(error.retry_after))}


@web.errorhandler(InvalidInput)
def bad_input(error: InvalidInput) -> ResponseReturnValue:
    """The order does not fit the task, or the customer's name is no tenant's."""
    return {"error": error.detail}, 422


@web.post("/thumbnails")
def order_thumbnail() -> ResponseReturnValue:
    """Order a thumbnail."""
    order = request.get_json()
    if not isinstance(order, dict):
        abort(422)
    job = make_thumbnail.using(tenant=customer()).submit_sync(**order)
    return {"id": job.id}, 202, {"Location": url_for("show_thumbnail", job_id=job.id)}


@web.get("/thumbnails/<job_id>")
def show_thumbnail(job_id: str) -> ResponseReturnValue:
    """How far a thumbnail is, and where to find it."""
    handle = jobs.job_sync(job_id)
    try:
        job = handle.refresh()
    except NotFound:
        abort(404)
    if job.tenant_id != customer():
        abort(404)
    answer: dict[str, Any] = {"id": job.id, "state": job.state.value}
    if job.state is State.COMPLETED:
        answer["file"] = handle.result()
    elif job.error is not None:
        answer["error"] = job.error.message
    return answer


def customer() -> str:
    """Who asks; a real app would look at the session."""
    name = request.headers.get("X-Customer")
    return name if name is not None else abort(401)
