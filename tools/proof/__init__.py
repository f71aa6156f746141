"""The proof: load with faults against real processes, and a checker that judges the histories they wrote.

`make faults CASE=n SEED=s` runs one case, `make soak` many at random. docs/explanation/proof.md has the results.
"""
