"""Every built-in motion gate keeps the contract of motion gates."""

from vedette.motion.luma import LumaConfig, LumaMotion
from vedette.plugins.catalogue import BUILTIN
from vedette.testing.motion_contract import MotionContract


class TestLumaMotion(MotionContract):
    def make(self) -> LumaMotion:
        return LumaMotion(LumaConfig())


def test_no_built_in_gate_is_forgotten_here() -> None:
    assert set(BUILTIN["motion"]) == {"luma"}
