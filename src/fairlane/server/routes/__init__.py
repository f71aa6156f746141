"""The operations of the API, one subject a file. If two paths match a request, the earlier one serves it."""

from __future__ import annotations

from ..http.endpoint import Endpoint
from . import (
    audit,
    batches,
    bulk,
    dead_letters,
    docs,
    events,
    health,
    job,
    leases,
    listings,
    metrics,
    pages,
    queues,
    scaling,
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
    *dead_letters.ENDPOINTS,
    *job.ENDPOINTS,
    *batches.ENDPOINTS,
    *tenants.ENDPOINTS,
    *tokens.ENDPOINTS,
    *audit.ENDPOINTS,
    *schedules.ENDPOINTS,
    *leases.ENDPOINTS,
    *queues.ENDPOINTS,
    *workers.ENDPOINTS,
    *events.ENDPOINTS,
    *health.ENDPOINTS,
    *metrics.ENDPOINTS,
    *scaling.ENDPOINTS,
)
ENDPOINTS: tuple[Endpoint, ...] = (*API, *docs.endpoints(API), *session.ENDPOINTS, *pages.ENDPOINTS)
