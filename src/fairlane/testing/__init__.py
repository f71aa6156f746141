"""For tests of apps: `App.testing()` in `kit`, and a fixture for pytest in `plugin`."""
