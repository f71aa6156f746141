"""Dead letters by their cause."""

from __future__ import annotations

import msgspec

from ...model.dead_letters import COMPARED, group_dead_letters
from ...model.job import ListedJob
from ...model.token import TokenKind
from ...rest.dead_letters import DeadLetterGroups, DeadLetterQuery
from ...rest.limits import MAX_PAGE
from ..http.call import Call
from ..http.endpoint import Endpoint

PAGES = 2 * COMPARED // MAX_PAGE
"""Pages that one call reads. A filter that matches few jobs gives short ones."""


async def dead_letter_groups(call: Call, query: DeadLetterQuery) -> DeadLetterGroups:
    """The newest 1,000 dead letters by task and error. Errors that differ in numbers and ids count as the same.

    `POST /jobs/actions` sends a group back or deletes it by its `jobIds`.
    """
    step = query.to_query()
    found: list[ListedJob] = []
    for _ in range(PAGES):
        page = await call.backend.jobs.list(step)
        found += page.jobs
        step = msgspec.structs.replace(step, cursor=page.next_cursor)
        if step.cursor is None or len(found) >= COMPARED:
            break
    more = step.cursor is not None or len(found) > COMPARED
    found = found[:COMPARED]
    return DeadLetterGroups(groups=group_dead_letters(found), compared=len(found), more=more)


ENDPOINTS = (Endpoint("GET", "/jobs/dlq/groups", dead_letter_groups).open_to(TokenKind.TENANT, TokenKind.MONITOR),)
