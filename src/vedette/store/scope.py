"""Which sites a caller may see: every question to the store carries one."""

from collections.abc import Iterable, Iterator

from sqlalchemy import ColumnElement
from sqlalchemy.sql.elements import KeyedColumnElement

from vedette.contracts.errors import InvalidInput
from vedette.kit.ids import is_slug


class SiteScope:
    """A set of site ids, never empty: there is no way to say "everything" by saying nothing."""

    __slots__ = ("_sites",)

    def __init__(self, sites: Iterable[str]) -> None:
        """Take the ids.

        Raises:
            InvalidInput: no site at all, or one whose id is not a slug.
        """
        if isinstance(sites, str):
            sites = (sites,)
        self._sites = frozenset(sites)
        if not self._sites:
            raise InvalidInput("a scope needs at least one site")
        if wrong := sorted(s for s in self._sites if not is_slug(s)):
            raise InvalidInput(f"{wrong[0]!r} is not the id of a site: use a-z, 0-9, _ and -")

    def __contains__(self, site: object) -> bool:
        return site in self._sites

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._sites))

    def __len__(self) -> int:
        return len(self._sites)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SiteScope) and other._sites == self._sites

    def __hash__(self) -> int:
        return hash(self._sites)

    def __repr__(self) -> str:
        return f"SiteScope({sorted(self._sites)})"

    def covers(self, column: KeyedColumnElement[str]) -> ColumnElement[bool]:
        """The condition for a `where`; an equality for one site, which an index serves best."""
        sites = sorted(self._sites)
        return column == sites[0] if len(sites) == 1 else column.in_(sites)

    def demand(self, site: str) -> None:
        """Refuse to write for a site outside.

        Raises:
            InvalidInput: `site` is not in the scope.
        """
        if site not in self._sites:
            raise InvalidInput(f"site {site!r} is outside of what may be written here")
