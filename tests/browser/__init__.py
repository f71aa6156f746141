"""Tests in a real browser. A package, so that fixtures of that scope end with it: no other loop runs beside theirs."""
