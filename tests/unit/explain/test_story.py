"""The answer comes first, and it is what really happened."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from vedette.contracts.notice import DeliveryStatus, Notice, VideoKind
from vedette.contracts.verdict import Verdict
from vedette.explain.story import story_of
from vedette.services.follow_ups import followed_up
from vedette.testing.channel_contract import a_notice

AT = datetime(2026, 1, 31, 14, 3, 22, tzinfo=UTC)


def verdict(at_s: float, stage: str, code: str, **numbers: float | int | str) -> Verdict:
    return Verdict(
        camera_id="yard", track=7, stage=stage, at_us=round(at_s * 1e6), code=code, numbers=numbers
    )


SEEN = [
    verdict(0, "motion", "motion", fraction=0.03),
    verdict(0, "detect", "seen", label="person", score=0.6),
]
CONFIRMED = [*SEEN, verdict(1, "track", "confirmed", after_s=1.0)]
OPENED = [
    *CONFIRMED,
    verdict(3, "rules", "open:entered", rule="visitor"),
    verdict(3, "media", "captured", rule="visitor", event="e"),
]


@dataclass(frozen=True, kw_only=True)
class Word:
    """What became of an alert on a channel."""

    status: DeliveryStatus
    notice: Notice = field(default_factory=a_notice)
    target: str = ""
    error: str = ""
    channel: str = "family"
    attempts: int = 5
    updated_at: datetime = AT


def test_who_was_told_comes_first() -> None:
    said = verdict(3, "alerts", "told", rule="visitor")

    story = story_of("x", [*OPENED, said], [Word(status=DeliveryStatus.SENT, target="42")])

    assert story.answers == ("Family told 42.", "Rule visitor opened an event: it came in.")
    assert story.remedies == ()
    assert [line.stage for line in story.lines] == [
        *("motion", "detect", "track", "rules", "media", "alerts", "notify")
    ]


def test_a_film_that_followed_is_told_apart() -> None:
    video = followed_up(a_notice(), VideoKind.CLIP)
    both = [
        Word(status=DeliveryStatus.SENT, notice=each, target="42") for each in (a_notice(), video)
    ]

    story = story_of("x", OPENED, both)

    assert story.answers[:2] == ("Family told 42.", "Family, with the video, told 42.")


def test_a_channel_that_failed_says_why() -> None:
    failed = Word(status=DeliveryStatus.FAILED, error="the webhook answered 500")

    story = story_of("x", OPENED, [failed])

    assert story.answers[0] == ("Family told nobody, after 5 attempts: the webhook answered 500.")


def test_silence_of_the_policy_is_an_answer_with_its_setting() -> None:
    quiet = verdict(3, "alerts", "quiet", rule="visitor", passed_s=12.5, quiet_s=60.0)

    story = story_of("x", [*OPENED, quiet])

    assert story.answers[0].startswith("Of rule visitor nobody is to be told: the same was told")
    assert story.remedies == ("notify.quiet_s: 12.5",)


def test_without_an_event_the_last_word_of_each_rule_counts_the_closest_first() -> None:
    story = story_of(
        "x",
        [
            *CONFIRMED,
            verdict(1, "rules", "reject:label", rule="dogs", label="person", wanted="dog"),
            verdict(1, "rules", "reject:outside", rule="lingering", zone="path"),
            verdict(9, "rules", "reject:dwell_short", rule="lingering", dwell_s=7.2, needed_s=10.0),
        ],
    )

    assert story.answers == (
        "No event was opened.",
        "Rule lingering opened nothing: 7.2 s of 10.0 s were over.",
        "Rule dogs opened nothing: it is about dog, and this was: person.",
    )
    assert story.remedies == (
        "rule lingering, dwell_s, for_s, or for: 7.2",
        "rule dogs, labels: add person",
    )


def test_what_no_rule_was_asked_about_says_why() -> None:
    low = verdict(2, "track", "score_low", median=0.418, needed=0.5)
    masked = verdict(2, "zones", "excluded", zone="tree")

    assert story_of("x", SEEN).answers == (
        "No rule was asked: it was not seen often enough to count.",
    )
    faint = story_of("x", [*CONFIRMED, low])
    assert faint.answers == (
        "No rule was asked: it does not count: its median score is 0.42, and 0.50 is needed.",
    )
    assert faint.remedies == ("detect.min_score: 0.41",)
    assert story_of("x", [*CONFIRMED, masked]).answers == (
        "No rule was asked: it does not count within tree.",
    )


def test_lines_of_one_moment_stand_in_the_order_of_the_product() -> None:
    mixed = [OPENED[3], OPENED[4], *reversed(CONFIRMED)]

    assert [line.stage for line in story_of("x", mixed).lines] == [
        *("motion", "detect", "track", "rules", "media")
    ]
