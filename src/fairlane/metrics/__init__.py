"""Figures in the text format of Prometheus. The number of series has a bound, whatever names users choose."""
