"""Raw TOML tables into models, turning every complaint of pydantic into a mistake with key path and allowed values."""

import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from hal.config.mistakes import Spot, nearest, show

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


def model_of(model: type[M], data: object, spot: Spot) -> M | None:
    """The model, or None after noting what is wrong. Unknown keys are noted and do not hide the rest."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    for entry in errors:
        _note(model, entry, spot)
    extra = [e["loc"] for e in errors if e["type"] == "extra_forbidden"]
    if len(extra) < len(errors):
        return None
    return model.model_validate(_without(data, extra))


def value_of(kind: Any, data: object, spot: Spot) -> Any:
    """Like `model_of` for any annotation that is not a model by itself."""
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        for entry in error.errors(include_url=False):
            _note(kind, entry, spot)
        return None


def table_of(raw: Mapping[str, object], key: str, spot: Spot) -> Mapping[str, object]:
    """A sub-table; absent or of another type is a mistake and reads as empty."""
    found = raw.get(key)
    if isinstance(found, Mapping):
        return found
    (spot / key).note("(absent)" if found is None else show(found), f"a table [{key}]")
    return {}


def known_keys(raw: Mapping[str, object], known: Sequence[str], spot: Spot) -> None:
    """Note every key that is none of the known ones."""
    for key in raw:
        if key not in known:
            _unknown_key(key, known, spot / key)


def _unknown_key(key: str, known: Sequence[str], spot: Spot) -> None:
    spot.note(f"unknown key {key!r}", ", ".join(known), nearest(key, known))


def _note(model: Any, entry: ErrorDetails, spot: Spot) -> None:
    here = spot
    for part in entry["loc"]:
        if not _is_branch_label(part):
            here = here / part
    kind, context = entry["type"], entry.get("ctx", {})
    if kind == "extra_forbidden":
        _unknown_key(str(entry["loc"][-1]), _fields_at(model, entry["loc"][:-1]), here)
    elif kind == "missing":
        here.note("(absent)", "a value is required")
    elif kind in {"literal_error", "enum"}:
        words = str(context.get("expected", "")).replace("'", "")
        here.note(show(entry["input"]), words, nearest(entry["input"], words.replace(" or ", ", ").split(", ")))
    else:
        text = str(entry["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
        here.note(show(entry["input"]), text)


def _is_branch_label(part: int | str) -> bool:
    """Names that pydantic adds to a path for the branch of a union; no key of ours looks so."""
    return isinstance(part, str) and (part == "[key]" or "[" in part or part in {"str", "bool", "int", "float"})


def _fields_at(model: Any, loc: Sequence[int | str]) -> list[str]:
    """Known keys at a place inside a model, found by walking its annotations."""
    here = model
    for part in loc:
        here = _step(_plain(here), part)
    here = _plain(here)
    return list(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []


def _step(here: Any, part: int | str) -> Any:
    if isinstance(here, type) and issubclass(here, BaseModel):
        field = here.model_fields.get(str(part))
        return field.annotation if field else None
    arguments = typing.get_args(here)
    origin = typing.get_origin(here)
    if origin is dict:
        return arguments[1]
    return arguments[0] if arguments else None


def _plain(annotation: Any) -> Any:
    """Without Annotated and Optional."""
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            annotation = typing.get_args(annotation)[0]
        elif origin in {typing.Union, types.UnionType}:
            some = [a for a in typing.get_args(annotation) if a is not type(None)]
            if len(some) != 1:
                return None
            annotation = some[0]
        else:
            return annotation


def _without(data: object, paths: Sequence[tuple[int | str, ...]]) -> object:
    """A copy of nested tables without the entries at these paths."""
    if isinstance(data, Mapping):
        heads = {p[0] for p in paths if len(p) == 1}
        return {
            key: _without(value, [p[1:] for p in paths if len(p) > 1 and p[0] == key])
            for key, value in data.items()
            if key not in heads
        }
    if isinstance(data, list | tuple):
        return [_without(v, [p[1:] for p in paths if len(p) > 1 and p[0] == i]) for i, v in enumerate(data)]
    return data
