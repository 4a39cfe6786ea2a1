"""What a notice says besides its sentence, for far ends that show plain words."""

from vedette.contracts.notice import Notice


def body_of(notice: Notice, *, links: bool = True) -> str:
    """The sentence, a line for each item, and its places to go on, one on each line."""
    lines = [notice.text] if notice.text else []
    lines += [f"- {item}" for item in notice.items]
    if links:
        lines += [f"{link.text}: {link.url}" for link in notice.links]
    return "\n".join(lines)


def where_and_when(notice: Notice) -> str:
    """`front_door, 2026-11-21 14:03:22 UTC`; without a camera the site stands for it."""
    where = notice.camera_id or notice.site_id
    return f"{where}, {notice.at:%Y-%m-%d %H:%M:%S} UTC"
