"""fairlane for Django: a backend for its tasks, and an outbox for jobs submitted within a transaction.

Put "fairlane.contrib.django" into INSTALLED_APPS for the outbox (its table and `manage.py fairlane_relay`).
"""
