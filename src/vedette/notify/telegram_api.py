"""The Bot API over HTTP: calls, and what its answers mean."""

import json
from typing import Any

import httpx2

from vedette.contracts.errors import DeliveryFailed, DeliveryRefused
from vedette.kit.clock import Clock
from vedette.notify.http import Answer, judge, make_client, post

WHO = "the Telegram Bot API"


class BotApi:
    """One bot at one server."""

    def __init__(
        self,
        token: str,
        base_url: str,
        *,
        clock: Clock,
        timeout_s: float,
        verify_tls: bool,
        proxy: str | None,
    ) -> None:
        self._clock = clock
        self._timeout_s = timeout_s
        self._base = base_url.rstrip("/")
        base_path = httpx2.URL(self._base).path.rstrip("/")
        secret_path = f"{base_path}/bot{token}"

        def real(known: httpx2.URL) -> httpx2.URL:
            return known.copy_with(path=secret_path + known.path.removeprefix(base_path))

        self._client = make_client(real, verify_tls=verify_tls, proxy=proxy)

    async def call(self, method: str, *, longer_s: float = 0.0, **content: Any) -> Answer:
        """One call.

        Args:
            longer_s: how much longer than usual the far end may take.
        Raises:
            DeliveryFailed: no answer.
        """
        return await post(
            self._client,
            f"{self._base}/{method}",
            who=WHO,
            timeout_s=self._timeout_s + longer_s,
            now=self._clock.now(),
            **content,
        )

    async def close(self) -> None:
        await self._client.aclose()


def judge_for(answer: Answer, chat: str) -> None:
    """Nothing where it says yes; the right error for all else.

    Raises:
        DeliveryFailed: trying again may help.
        DeliveryRefused: trying again is useless.
    """
    description, parameters = details(answer)
    if answer.status in {401, 404}:
        raise DeliveryRefused(
            f"{WHO} does not know the bot token ({answer.status}); "
            "check the token that @BotFather gave"
        )
    if isinstance(moved := parameters.get("migrate_to_chat_id"), int):
        raise DeliveryRefused(f"Telegram chat {chat} became {moved}; set chat_ids to that")
    wait_s = parameters.get("retry_after")
    if answer.status == 429 and isinstance(wait_s, (int, float)):
        raise DeliveryFailed(f"{WHO} asks to wait {wait_s:g} s", retry_after_s=float(wait_s))
    judge(answer, f"Telegram for chat {chat}", description)


def details(answer: Answer) -> tuple[str, dict[str, Any]]:
    """`description` and `parameters` of an answer that says no."""
    said = _mapping(answer)
    parameters = said.get("parameters")
    return str(said.get("description", "")), parameters if isinstance(parameters, dict) else {}


def result_of(answer: Answer) -> Any:
    """What an answer that says yes holds; None where it is not readable."""
    return _mapping(answer).get("result")


def message_number(answer: Answer) -> int | None:
    """Of the message that was sent; None where the answer does not say it."""
    sent = result_of(answer)
    number = sent.get("message_id") if isinstance(sent, dict) else None
    return number if isinstance(number, int) else None


def _mapping(answer: Answer) -> dict[str, Any]:
    try:
        said = json.loads(answer.body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
