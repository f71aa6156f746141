"""Whether an App can be imported at all, tried before anything is started for it."""

from __future__ import annotations

import os
import subprocess
import sys

from ..process.identity import NAME_VARIABLE, PARENT_VARIABLE
from .app_loading import BUILTIN, check_app_name
from .child import COMMAND
from .settings import Settings, as_environment


def check_app(settings: Settings, app: str) -> None:
    """See that workers will be able to import the App; else say why on stderr, and exit.

    In a process of its own, since a supervisor must not run what an App's modules do. Raises InvalidInput.
    """
    if check_app_name(app) == BUILTIN:
        return
    command = [*COMMAND, "try-app", app]
    own = {PARENT_VARIABLE: str(os.getpid()), NAME_VARIABLE: "app"}
    environment = os.environ | as_environment(settings) | own
    stdout = sys.stderr.fileno()  # what the modules print must not mix with what our own caller reads
    tried = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=stdout, env=environment)
    if tried.returncode != 0:
        sys.exit(1)
