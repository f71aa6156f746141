"""The operations of the API, one subject a file. If two paths match a request, the earlier one serves it."""

from __future__ import annotations

from ..http.endpoint import Endpoint
from . import (
    audit,
    bulk,
    docs,
    events,
    health,
    job,
    leases,
    listings,
    pages,
    queues,
    schedules,
    session,
    submit,
    tenants,
    tokens,
    workers,
)

API = (
    *submit.ENDPOINTS,
    *listings.ENDPOINTS,
    *bulk.ENDPOINTS,
    *job.ENDPOINTS,
    *tenants.ENDPOINTS,
    *tokens.ENDPOINTS,
    *audit.ENDPOINTS,
    *schedules.ENDPOINTS,
    *leases.ENDPOINTS,
    *queues.ENDPOINTS,
    *workers.ENDPOINTS,
    *events.ENDPOINTS,
    *health.ENDPOINTS,
)
ENDPOINTS: tuple[Endpoint, ...] = (*API, *docs.endpoints(API), *session.ENDPOINTS, *pages.ENDPOINTS)
