"""Web Push's cryptography: the example of RFC 8291 to the byte, and any text for its browser."""

import json

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.push_service import Browser, PushService, unpadded
from vedette.contracts.push import PushKeys
from vedette.notify.push_crypto import (
    CURVE,
    MOST_BYTES,
    ORDER,
    authorization,
    encode,
    encrypt,
    private_key,
    public_point,
)

# RFC 8291, section 5
PLAIN = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
KEYS = PushKeys(
    p256dh="BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    auth="BTBZMqHH6r4Tts7J_aSIgg",
)
RECEIVER = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS"
    "6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qul"
    "cy4a-fN"
)


def key_of(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(unpadded(text), "big"), CURVE)


def test_the_example_of_the_standard() -> None:
    made = encrypt(PLAIN, KEYS, sender=key_of(SENDER), salt=unpadded(SALT))

    assert encode(made) == BODY
    assert Browser(key_of(RECEIVER), unpadded(KEYS.auth)).read(made) == PLAIN


@given(plain=st.binary(max_size=MOST_BYTES))
def test_only_its_browser_can_read_a_message(plain: bytes) -> None:
    browser, other = Browser(), Browser()
    made = encrypt(plain, PushKeys.model_validate(browser.keys))

    assert len(made) <= 4096
    assert browser.read(made) == plain
    with pytest.raises(InvalidTag):
        other.read(made)
    with pytest.raises(InvalidTag):
        browser.read(made[:-1] + bytes([made[-1] ^ 1]))


def test_two_messages_share_nothing() -> None:
    keys = PushKeys.model_validate(Browser().keys)
    one, two = encrypt(PLAIN, keys), encrypt(PLAIN, keys)

    assert one[:16] != two[:16]
    assert one[21:86] != two[21:86]


def test_what_is_too_long_or_no_point_is_refused() -> None:
    keys = PushKeys.model_validate(Browser().keys)
    with pytest.raises(ValueError, match="too many"):
        encrypt(bytes(MOST_BYTES + 1), keys)
    with pytest.raises(ValueError, match="Invalid EC key"):
        encrypt(PLAIN, keys.model_copy(update={"p256dh": encode(b"\x04" + bytes(64))}))
    with pytest.raises(ValueError, match="base64url of 65 bytes"):
        PushKeys(p256dh="c2hvcnQ", auth=keys.auth)


@given(secret=st.binary(min_size=32, max_size=32))
def test_any_secret_is_a_key_whose_signature_says_who_sends(secret: bytes) -> None:
    key = private_key(secret)
    with PushService() as service:
        service.key = encode(public_point(key))
        header = authorization(service.url + "/x", key, "mailto:me@example.org", 1_900_000_000)
        claims = service._who(header)

    assert claims == json.loads(
        json.dumps({"aud": service.url, "exp": 1_900_000_000, "sub": "mailto:me@example.org"})
    )


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32, (ORDER - 1).to_bytes(32, "big")])
def test_the_edges_are_keys_too(secret: bytes) -> None:
    assert len(public_point(private_key(secret))) == 65
