"""The part of a backend that a token opens."""

from __future__ import annotations

from ..backend import Backend, StoreBackend
from ..model.token import Token, TokenKind
from .monitor import MonitorBackend
from .tenant import TenantBackend
from .worker import WorkerBackend


def scoped(backend: StoreBackend, token: Token, *, tenant_logs: bool) -> Backend:
    """The backend as the holder of this token may use it. `tenant_logs`: tenants may read the logs of their jobs."""
    match token.kind:
        case TokenKind.TENANT:
            return TenantBackend(backend, token.tenant_id or "", with_logs=tenant_logs)
        case TokenKind.WORKER:
            return WorkerBackend(backend, token)
        case TokenKind.MONITOR:
            return MonitorBackend(backend)
        case TokenKind.ADMIN:
            return backend
