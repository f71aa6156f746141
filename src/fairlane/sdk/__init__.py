"""The caller's side: apps, tasks, and the handles of submitted jobs."""
