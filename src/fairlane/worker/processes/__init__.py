"""Child processes for tasks that run with executor="process"."""
