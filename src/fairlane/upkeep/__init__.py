"""Duties that keep a store in order: promote, unlock, expire, fire, reap, prune, sample, check, keep time.

One duty a file, in one shared loop.

Any number of processes may run them on one store at once: each step is atomic in the store, so a
step that another process took first finds nothing to do. There is no leader.
"""
