"""From ``type: rss`` to a module, its Options and its build().

A component is a module in a folder (``connectors/sources``, ``connectors/buses``, ``connectors/sinks``,
``pipelines/taggers``); a dotted name reaches a module of somebody else's. No registry, no base class.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from types import ModuleType


def names(folder: str) -> list[str]:
    """The component names in *folder*, a package such as ``connectors.sinks``."""
    package = importlib.import_module(folder)
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def load(folder: str, kind: str) -> ModuleType:
    """The module for ``type: kind``.

    Raises:
        LookupError: no such component; the message names the nearest one.
        ImportError: the module exists and does not import, or lacks ``Options`` or ``build``.
    """
    if "." in kind:
        module = importlib.import_module(kind)
    else:
        known = names(folder)
        if kind not in known:
            near = difflib.get_close_matches(kind, known, 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise LookupError(f"unknown type '{kind}'{hint} (known: {', '.join(known)})")
        module = importlib.import_module(f"{folder}.{kind}")
    for part in ("Options", "build"):
        if not hasattr(module, part):
            raise ImportError(f"{module.__name__} has no {part}")
    return module
