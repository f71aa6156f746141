"""The outbox's table."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class OutboxEntry(models.Model):
    """A job that waits for the relay. `outbox.submit` writes it."""

    tenant_id = models.CharField(max_length=128)
    job = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    refused = models.TextField(null=True)
    """Why the queue will never accept it."""

    class Meta:
        verbose_name_plural = "outbox entries"
