"""The faults. Each is a coroutine that works on a room until it is cancelled, and heals what it has done."""
