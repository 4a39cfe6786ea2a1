"""A bus that nobody listens to: for parts that stand alone, or before there is another one."""

from vedette.contracts.payload import Payload


class MuteBus:
    """Implements `contracts.bus.Bus`."""

    def wanted(self, topic: str) -> bool:
        del topic
        return False

    def publish(self, topic: str, payload: Payload) -> None:
        """Nobody hears it."""


MUTE = MuteBus()
