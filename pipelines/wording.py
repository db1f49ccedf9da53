"""Pydantic's complaints in plain words, for people who edit YAML and never saw a traceback."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, RootModel
from pydantic_core import ErrorDetails


def words(d: ErrorDetails) -> str:
    """What is wrong, in words that fit after the name of the thing; the value itself is never said."""
    kind, ctx, value = d["type"], d.get("ctx", {}), d["input"]
    if kind in ("value_error", "assertion_error"):
        return str(ctx.get("error", d["msg"]))
    if kind in ("literal_error", "enum"):
        options = str(ctx.get("expected", "")).replace("'", "").replace(" or ", ", ")
        return f"must be one of {options}"
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "must be text; put it in quotes"
    if kind == "too_short" and ctx.get("min_length", 1) > 1:
        return f"must have at least {ctx['min_length']} items"
    plain = {
        "string_type": "must be text",
        "string_too_short": "must not be empty",
        "model_type": "must be a mapping of keys to values",
        "model_attributes_type": "must be a mapping of keys to values",
        "dataclass_type": "must be a mapping of keys to values",
        "dict_type": "must be a mapping of keys to values",
        "list_type": "must be a list",
        "tuple_type": "must be a list",
        "set_type": "must be a list",
        "frozen_set_type": "must be a list",
        "too_short": "must not be empty",
        "int_type": "must be a whole number",
        "int_parsing": "must be a whole number",
        "int_from_float": "must be a whole number",
        "float_type": "must be a number",
        "float_parsing": "must be a number",
        "bool_type": "must be true or false",
        "bool_parsing": "must be true or false",
    }
    said = plain.get(kind) or d["msg"].replace("Input should be", "must be").replace("should", "must")
    return "is empty" if value is None and kind.endswith("_type") else said[0].lower() + said[1:]


def fields(model: type[BaseModel], loc: Sequence[str | int]) -> set[str]:
    """The keys that a mapping at *loc* may have, over all branches of unions."""
    models = _models(model)
    for step in loc:
        hints = [f.annotation for m in models for n, f in m.model_fields.items() if step in (n, f.alias)]
        if hints:  # a list index or the name of a union branch stays where it is
            models = [m for hint in hints for m in _models(hint)]
    return {f.alias or n for m in models for n, f in m.model_fields.items()}


def _models(hint: Any) -> list[type[BaseModel]]:
    hint = getattr(hint, "__value__", hint)  # a type alias stands for another type
    if isinstance(hint, type) and issubclass(hint, RootModel):
        return _models(hint.model_fields["root"].annotation)
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return [hint]
    return [m for arg in typing.get_args(hint) for m in _models(arg)]
