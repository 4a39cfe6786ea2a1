"""Checks settings part by part, and collects every problem before anything is refused."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from vedette.config.document import MISSING, Document
from vedette.config.explain import explain, sentences
from vedette.config.secrets import reveal
from vedette.contracts.errors import InvalidConfig

Model = TypeVar("Model", bound=BaseModel)


def validate(model: type[Model], document: Document) -> Model:
    """The settings of a whole document.

    Raises:
        InvalidConfig: one sentence per problem, each with file and line, separated by newlines.
    """
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        raise explain(error, document, model=model) from error


class Problems:
    """Collects the problems of a document whose parts are checked one by one.

    `with problems.at(("cameras", 0, "rules", 2)): build_rule(...)` notes an error of that block
    at that place; `raise_if_any` raises all of them as one.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.found: list[str] = []

    @contextmanager
    def at(
        self, loc: Sequence[str | int], *, model: type[BaseModel] | None = None
    ) -> Iterator[None]:
        """Note what goes wrong in the block, and go on after it.

        Args:
            loc: where in the document the part stands; errors of validation are relative to it.
            model: what the block validates; lets unknown keys be compared with the known ones.
        """
        try:
            yield
        except ValidationError as error:
            self.found += sentences(error, self.document, model=model, prefix=loc)
        except InvalidConfig as error:
            self.add(loc, str(error))

    def add(self, loc: Sequence[str | int], sentence: str) -> None:
        """Note a problem at a place."""
        self.found.append(f"{self.document.where(loc)}: {sentence}")

    def check(
        self,
        model: type[Model],
        loc: Sequence[str | int],
        *,
        without: Sequence[str] = (),
        data: dict[str, Any] | None = None,
    ) -> Model | None:
        """Validate one part, secrets revealed; None (and a note) where it is wrong.

        Args:
            without: keys that are not the model's (`type` of a plug-in).
            data: the part, where it is not simply what stands at `loc`.
        """
        part = self.document.at(loc) if data is None else data
        plain = {} if part is MISSING else part
        if isinstance(plain, dict):
            plain = {key: value for key, value in plain.items() if key not in without}
        with self.at(loc, model=model):
            return model.model_validate(reveal(plain))
        return None

    def raise_if_any(self) -> None:
        """
        Raises:
            InvalidConfig: one sentence per problem, in the order of the file.
        """
        if self.found:
            raise InvalidConfig("\n".join(dict.fromkeys(sorted(self.found, key=_line_number))))


def _line_number(sentence: str) -> int:
    """The LINE of `FILE:LINE: ...`; 0 where there is none."""
    for part in sentence.split(": ", 1)[0].split(":")[::-1]:
        if part.isdigit():
            return int(part)
    return 0
