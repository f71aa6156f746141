"""Checks that an App can be imported, before anything is started."""

from __future__ import annotations

import os
import subprocess
import sys

from ..process.environment import TOKEN_VARIABLE
from ..process.identity import NAME_VARIABLE, PARENT_VARIABLE
from .app_loading import BUILTIN, check_app_name
from .child import COMMAND
from .settings import Settings, as_environment


def check_app(settings: Settings, app: str) -> None:
    """Exit, after printing why, if the App cannot be imported. Raises InvalidInput for a malformed name.

    A child process imports it, because a supervisor must not run the code of an App.
    """
    if check_app_name(app) == BUILTIN:
        return
    command = [*COMMAND, "try-app", app]
    own = {PARENT_VARIABLE: str(os.getpid()), NAME_VARIABLE: "app"}
    environment = os.environ | as_environment(settings) | own
    environment.pop(TOKEN_VARIABLE, None)
    stdout = sys.stderr.fileno()  # what the modules print must not mix with the output of this command
    tried = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=stdout, env=environment)
    if tried.returncode != 0:
        sys.exit(1)
