"""Every built-in rule keeps the contract of rules."""

from vedette.plugins.catalogue import BUILTIN
from vedette.rules.build import build_rule
from vedette.rules.port import Rule
from vedette.testing.rule_contract import LINES, ZONES, RuleContract


def rule(**settings: object) -> Rule:
    return build_rule({"id": "r", **settings}, ZONES, LINES).rule


class TestPresence(RuleContract):
    def make(self) -> Rule:
        return rule(type="presence", zone="porch", for_s=1.0, min_score=0.4)


class TestPresenceInThePicture(RuleContract):
    def make(self) -> Rule:
        return rule(type="presence", min_score=0.5)


class TestEnter(RuleContract):
    def make(self) -> Rule:
        return rule(type="enter", zone="porch", min_score=0.5)


class TestLeave(RuleContract):
    def make(self) -> Rule:
        return rule(type="leave", zone="porch", min_score=0.4, count_vanishing=True)


class TestLoiter(RuleContract):
    def make(self) -> Rule:
        return rule(type="loiter", zone="porch", dwell_s=1.5, forgive_s=0.8)


class TestLineCrossing(RuleContract):
    def make(self) -> Rule:
        return rule(type="line_crossing", line="door", direction="forward", min_score=0.4)


class TestCount(RuleContract):
    def make(self) -> Rule:
        return rule(type="count", zone="lawn", at_least=1, for_s=0.5, end_after_s=0.5)


class TestTooFew(RuleContract):
    def make(self) -> Rule:
        return rule(type="count", zone="lawn", at_most=0, for_s=0.0, end_after_s=0.0)


class TestWhen(RuleContract):
    def make(self) -> Rule:
        return rule(type="when", when={"inside": "porch", "for": 1}, min_score=0.4)


class TestWhenOncePerCamera(RuleContract):
    def make(self) -> Rule:
        return rule(type="when", when={"inside": "porch"}, once_per="camera")


class TestWhenOfTheScene(RuleContract):
    def make(self) -> Rule:
        return rule(type="when", when={"nobody": {"inside": "lawn"}}, end_after_s=0)


class TestWhenInTurn(RuleContract):
    def make(self) -> Rule:
        steps = [{"inside": "lawn"}, {"inside": "porch"}]
        return rule(type="when", when={"sequence": {"steps": steps, "within": "20s"}})


class TestWhenItVanishes(RuleContract):
    def make(self) -> Rule:
        return rule(type="when", when={"vanishes": True}, end_after_s=0)


class TestWhenALotHolds(RuleContract):
    def make(self) -> Rule:
        return rule(
            type="when",
            labels=["person", "car"],
            when={
                "any": [
                    {"enters": "porch", "within": "2s"},
                    {"crosses": {"line": "door", "direction": "forward"}},
                    {"inside": "porch", "near": {"labels": ["car"]}, "for": "1s", "forgive": "1s"},
                    {"still": "2s", "unless": {"inside": "porch"}},
                    {"tally": {"of": {"leaves": "lawn"}, "at_least": 2, "within": "10s"}},
                ]
            },
        )


def test_no_built_in_rule_is_forgotten_here() -> None:
    here = {"presence", "enter", "leave", "loiter", "line_crossing", "count", "when"}

    assert set(BUILTIN["rule"]) == here
