"""What every fairlane process has: an event loop, signal handling, a name, and a parent it must not outlive."""
