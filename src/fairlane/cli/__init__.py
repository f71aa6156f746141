"""The command line: thin commands, and the place where the parts are put together."""
