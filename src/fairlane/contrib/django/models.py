"""The outbox's table."""

from __future__ import annotations

from django.db import models


class OutboxEntry(models.Model):
    """A job that waits for the relay; written by `outbox.submit`."""

    tenant_id = models.CharField(max_length=128)
    job = models.BinaryField()
    refused = models.TextField(null=True)
    """Why the queue will never take it."""

    class Meta:
        verbose_name_plural = "outbox entries"
