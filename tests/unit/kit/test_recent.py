"""What came lately is known, and no more than that is kept."""

from vedette.kit.recent import Recent


def test_what_comes_again_is_known_until_it_is_forgotten() -> None:
    recent: Recent[int] = Recent(2)

    came = [recent.again(key) for key in (1, 1, 2, 3, 1)]

    assert came == [False, True, False, False, False]
    assert (len(recent), 3 in recent, 2 in recent) == (2, True, False)
