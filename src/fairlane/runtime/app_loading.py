"""Imports the App of a worker."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from typing import TYPE_CHECKING

from ..model.errors import InvalidInput

if TYPE_CHECKING:
    from ..sdk.app import App

BUILTIN = "fairlane.builtin:app"

_log = logging.getLogger(__name__)


def check_app_name(name: str, what: str = "APP") -> str:
    """Return `name` if it looks like `module:attr`; else raise InvalidInput, which calls it `what`."""
    module, _, attribute = name.partition(":")
    if not all(part.isidentifier() for part in [*module.split("."), *attribute.split(".")]):
        raise InvalidInput(f'{what} must look like "module:attr", not {name!r}')
    return name


def load_app(name: str) -> App:
    """Import the App that `module:attr` names, from the current folder first. Raises InvalidInput."""
    from ..sdk.app import app_from

    return app_from(load(name), name)


def load(name: str, what: str = "APP") -> object:
    """Import the object that `module:attr` names, the current folder first. Raises InvalidInput."""
    module_name, _, attribute = check_app_name(name, what).partition(":")
    if name != BUILTIN and sys.path[:1] != [os.getcwd()]:
        sys.path.insert(0, os.getcwd())
    try:
        value: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            _log.exception("%s failed while it was imported", module_name)
        raise InvalidInput(f"{module_name} cannot be imported: {error}") from None
    except (Exception, SystemExit) as error:
        _log.exception("%s failed while it was imported", module_name)
        raise InvalidInput(f"{module_name} cannot be imported: {type(error).__name__}: {error}") from None
    for part in attribute.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise InvalidInput(f"{module_name} has no {attribute!r}") from None
    return value
