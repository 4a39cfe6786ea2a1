"""How cameras are spread over workers, and taken apart when a worker keeps dying. Pure."""

from collections.abc import Mapping, Sequence


def spread(weights: Mapping[str, float], workers: int) -> list[list[str]]:
    """Cameras by worker, heaviest first onto the lightest (Graham 1969, LPT).

    Args:
        weights: camera to its share of work; the same weights always give the same lists.
    Returns:
        As many lists as workers, none of them empty unless there are fewer cameras.
    """
    lists: list[list[str]] = [[] for _ in range(workers)]
    loads = [0.0] * workers
    for camera in sorted(weights, key=lambda name: -weights[name]):
        lightest = min(range(workers), key=lambda n: (loads[n], n))
        lists[lightest].append(camera)
        loads[lightest] += weights[camera]
    return lists


def set_apart(cameras: Sequence[str], suspects: Sequence[str]) -> list[str]:
    """Which cameras of a worker that keeps dying go to another one.

    Those that were at work each time it died, else the second half: so that after a few rounds the
    one that kills it is alone.
    """
    found = [name for name in cameras if name in suspects]
    if found and len(found) < len(cameras):
        return found
    return list(cameras[(len(cameras) + 1) // 2 :])
