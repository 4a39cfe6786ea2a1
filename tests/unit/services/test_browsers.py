"""Which push services may be written to: those of the internet, and nobody in our own network."""

import pytest

from tests.servers.push_service import Browser
from vedette.contracts.errors import InvalidInput
from vedette.contracts.push import PushSubscription
from vedette.services.browsers import demand_public


def subscription(endpoint: str) -> PushSubscription:
    return PushSubscription.model_validate({"endpoint": endpoint, "keys": Browser().keys})


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://web.push.apple.com/abc",
        "https://8.8.8.8/push",
    ],
)
def test_services_of_the_internet_are_taken(endpoint: str) -> None:
    demand_public(subscription(endpoint))


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/abc",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://[fd00::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://10.0.0.1/x",
        "https://192.168.1.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/x",
        "https://localhost./x",
        "https://nas/x",
        "https://camera.local/x",
        "https://db.internal/x",
        "https://0x7f000001/x",
        "https://2130706433/x",
    ],
)
def test_nobody_in_our_own_network_is_written_to(endpoint: str) -> None:
    with pytest.raises(InvalidInput):
        demand_public(subscription(endpoint))
