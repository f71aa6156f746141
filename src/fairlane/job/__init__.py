"""A job from within: its context, its parameters, its log lines, and how it steers its own retries."""
