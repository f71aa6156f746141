"""The environment of child processes."""

from __future__ import annotations

import os
import re

TOKEN_VARIABLE = "FAIRLANE_TOKEN"
"""Has the access token of clients and workers."""

_URL_VARIABLES = ("FAIRLANE_URL", "FAIRLANE_STORE")
_CREDENTIALS = re.compile(r"(?<=://)[^/]*@|(?<=[?&])(?:username|password)=[^&]*&?")


def environment_without_credentials() -> dict[str, str]:
    """This process's environment without the access token, and without users and passwords in fairlane's URLs."""
    environment = dict(os.environ)
    environment.pop(TOKEN_VARIABLE, None)
    for name in _URL_VARIABLES:
        if name in environment:
            environment[name] = _CREDENTIALS.sub("", environment[name])
    return environment
