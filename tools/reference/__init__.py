"""The pages of docs/reference that are derived from the code: `python -m tools.reference` writes them."""
