"""A scope names at least one site, and nothing outside of it can be written."""

import pytest

from vedette.contracts.errors import InvalidInput
from vedette.store.scope import SiteScope
from vedette.store.tables import AI_EVENT


@pytest.mark.parametrize("sites", [(), [], set(), frozenset()])
def test_an_empty_scope_is_refused(sites: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match="at least one site"):
        SiteScope(sites)


@pytest.mark.parametrize("site", ["", "../etc", "Home", "a b", "x" * 65, "' OR 1=1 --"])
def test_a_site_that_is_no_slug_is_refused(site: str) -> None:
    with pytest.raises(InvalidInput, match="is not the id of a site"):
        SiteScope({"home", site})


def test_one_string_is_one_site_and_not_its_letters() -> None:
    assert list(SiteScope("home")) == ["home"]


def test_a_scope_covers_what_it_names_and_nothing_else() -> None:
    scope = SiteScope(["farm", "home", "home"])
    assert (list(scope), len(scope)) == (["farm", "home"], 2)
    assert "home" in scope
    assert "attic" not in scope
    scope.demand("farm")
    with pytest.raises(InvalidInput, match="attic"):
        scope.demand("attic")


def test_equal_scopes_are_equal() -> None:
    assert SiteScope(["a", "b"]) == SiteScope(["b", "a"])
    assert len({SiteScope("a"), SiteScope(["a"]), SiteScope("b")}) == 2
    assert SiteScope("a") != "a"


def test_one_site_becomes_an_equality_that_an_index_serves() -> None:
    assert " = " in str(SiteScope("home").covers(AI_EVENT.c.site_id))
    assert " IN " in str(SiteScope(["home", "farm"]).covers(AI_EVENT.c.site_id))
