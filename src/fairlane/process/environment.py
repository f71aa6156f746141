"""The environment of child processes."""

from __future__ import annotations

import os
import re

_URL_VARIABLES = ("FAIRLANE_URL", "FAIRLANE_STORE")
_CREDENTIALS = re.compile(r"(?<=://)[^/]*@|(?<=[?&])(?:username|password)=[^&]*&?")


def environment_without_credentials() -> dict[str, str]:
    """This process's environment, in which the URLs of fairlane name no user and no password."""
    environment = dict(os.environ)
    for name in _URL_VARIABLES:
        if name in environment:
            environment[name] = _CREDENTIALS.sub("", environment[name])
    return environment
