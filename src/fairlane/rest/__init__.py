"""The REST contract: requests, answers, problems, limits and headers, one subject a file, read and written alike.

The server decodes requests and encodes answers, the remote client does the reverse, and the CLI prints the same
JSON. Nothing here sends or receives.
"""
