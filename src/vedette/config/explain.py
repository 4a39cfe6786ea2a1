"""Says in sentences what pydantic found wrong: file, line, and what would be right."""

import difflib
import re
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from vedette.config.document import MISSING, Document, Loc
from vedette.contracts.errors import InvalidConfig
from vedette.kit.ids import SLUG_PATTERN

_TYPES = {
    "int": "a whole number such as 5",
    "float": "a number such as 0.5",
    "bool": "true or false",
    "string": 'text such as "yard"',
    "list": "a list such as [a, b]",
    "tuple": "a list such as [a, b]",
    "set": "a list such as [a, b]",
    "dict": "keys with values such as {key: value}",
    "mapping": "keys with values such as {key: value}",
    "model": "keys with values such as {key: value}",
    "url": "an address such as https://example.org/path",
}
_LENGTHS = {
    "too_short": "needs at least {min_length} items, has {actual_length}",
    "too_long": "takes at most {max_length} items, has {actual_length}",
    "string_too_short": "needs at least {min_length} characters",
    "string_too_long": "takes at most {max_length} characters",
}
_BOUNDS = {
    **_LENGTHS,
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be greater than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "finite_number": "must be a finite number",
    "literal_error": "expected {expected}",
    "enum": "expected {expected}",
}
_SECRETS = re.compile(r"(?i)pass|secret|token|key|credential|url|uri|source|header")
_USERINFO = re.compile(r"//[^/@\s]+@")


def explain(
    error: ValidationError,
    document: Document,
    *,
    model: type[BaseModel] | None = None,
    prefix: Sequence[str | int] = (),
) -> InvalidConfig:
    """All problems of a failed validation, one sentence a line, in the order of the file.

    Args:
        model: what was validated; lets unknown keys be compared with the known ones.
        prefix: where in the document the validated part stands.
    """
    return InvalidConfig("\n".join(sentences(error, document, model=model, prefix=prefix)))


def sentences(
    error: ValidationError,
    document: Document,
    *,
    model: type[BaseModel] | None = None,
    prefix: Sequence[str | int] = (),
) -> list[str]:
    """The same as a list; see `explain`."""
    found: dict[tuple[int, str], None] = {}
    for problem in error.errors(include_url=False, include_input=False):
        loc = document.place((*prefix, *problem["loc"]))
        if _only_follows(problem, document.at(loc)):
            continue
        known = () if model is None else known_keys(model, loc[len(prefix) : -1])
        text = _sentence(problem, document, loc, known)
        found[(document.line_of(loc) or 0, f"{document.where(loc)}: {text}")] = None
    return [sentence for _, sentence in sorted(found, key=lambda pair: pair[0])]


def known_keys(model: type[BaseModel], loc: Sequence[str | int]) -> tuple[str, ...]:
    """Keys that a model takes at a place inside it; empty where it takes any."""
    current: list[Any] = [model]
    for part in loc:
        current = [inner for one in current for inner in _step(one, part)]
    return tuple(
        dict.fromkeys(
            info.alias or name
            for one in current
            if _is_model(one)
            for name, info in one.model_fields.items()
        )
    )


def _step(annotation: Any, part: str | int) -> list[Any]:
    if _is_model(annotation):
        fields = annotation.model_fields
        info = fields.get(str(part)) or next((f for f in fields.values() if f.alias == part), None)
        return [] if info is None else _unions(info.annotation)
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) in (list, tuple, set, frozenset, dict, Sequence, Mapping):
        return [one for argument in arguments for one in _unions(argument)]
    return []


def _unions(annotation: Any) -> list[Any]:
    """The members of a union, without `Annotated`."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _unions(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [one for argument in typing.get_args(annotation) for one in _unions(argument)]
    return [annotation]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _only_follows(problem: Mapping[str, Any], value: Any) -> bool:
    """True for "too short" of a list that is long enough, but whose items are wrong."""
    return (
        problem["type"] == "too_short"
        and isinstance(value, list)
        and len(value) >= problem["ctx"]["min_length"]
    )


def _sentence(
    problem: Mapping[str, Any], document: Document, loc: Loc, known: Sequence[str]
) -> str:
    kind: str = problem["type"]
    message = str(problem["msg"])
    name = str(loc[-1]) if loc else ""
    match kind:
        case "extra_forbidden":
            return f"the key {name!r} is unknown{_suggest(name, known)}"
        case "missing":
            last = problem["loc"][-1]
            return f"the key {last!r} is missing" if isinstance(last, str) else "is too short"
        case "value_error" | "assertion_error":
            return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    context: Mapping[str, Any] = problem.get("ctx", {})
    expected = _expected(kind, context) or message[:1].lower() + message[1:]
    if kind in _LENGTHS:
        return expected
    near = _nearest(document, loc, context)
    return f"{expected}, found {_found(document.at(loc), loc)}{near}"


def _expected(kind: str, context: Mapping[str, Any]) -> str | None:
    if kind in _BOUNDS:
        return _BOUNDS[kind].format(**{"actual_length": "more", **context})
    if kind == "string_pattern_mismatch" and context.get("pattern") == SLUG_PATTERN:
        return "an id is made of 1 to 64 of the characters a-z 0-9 _ -"
    first, _, rest = kind.partition("_")
    if rest in ("type", "parsing", "from_float", "attributes_type", "parsing_size", "scheme"):
        return f"expected {_TYPES[first]}" if first in _TYPES else None
    return None


def _found(value: Any, loc: Loc) -> str:
    """What stands in the file, short, and never a secret."""
    if value is MISSING or value is None:
        return "nothing"
    if isinstance(value, str):
        return _found_text(value, loc)
    if isinstance(value, bool):
        return str(value).lower()
    kinds = {SecretStr: "a secret", dict: "keys with values", list: "a list"}
    return kinds.get(type(value)) or str(value)


def _found_text(value: str, loc: Loc) -> str:
    if any(_SECRETS.search(str(part)) for part in loc):
        return "a text (not shown: it may hold a secret)"
    short = value if len(value) <= 60 else value[:57] + "..."
    return repr(_USERINFO.sub("//***@", short))


def _suggest(name: str, known: Sequence[str]) -> str:
    if near := difflib.get_close_matches(name, known, n=1, cutoff=0.6):
        return f"; did you mean {near[0]!r}?"
    return f"; there are: {', '.join(sorted(known))}" if known else "; remove it"


def _nearest(document: Document, loc: Loc, context: Mapping[str, Any]) -> str:
    value = document.at(loc)
    choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
    near = difflib.get_close_matches(value, choices, n=1) if isinstance(value, str) else []
    return f"; did you mean {near[0]!r}?" if near else ""
