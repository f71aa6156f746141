"""A world to look at: an hour of traffic of made-up tenants, and workers that go on with it."""
