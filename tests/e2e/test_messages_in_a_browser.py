"""Messages in a browser: they come by themselves, are read, and its worker shows what is pushed."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_demo_in_a_browser import wait_until
from tests.integration.cli.test_messages_in_the_product import SETTINGS
from tests.running import Running

pytestmark = pytest.mark.e2e

SAID = {
    "title": "Person entered yard (Front door)",
    "text": "A person entered yard.",
    "tag": "6f2d7c1e-0000-5000-8000-00000000000a",
    "link": "/inbox",
    "severity": "critical",
}


NOTIFICATIONS = (
    "navigator.serviceWorker.ready.then((registration) => registration.getNotifications())"
)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("messages")
    (folder / "vedette.yaml").write_text(SETTINGS)
    arguments = ("up", "--config", folder / "vedette.yaml", "--data", folder / "data")
    with Running(*arguments) as running:
        yield running
        assert running.stop() == 0


def unread(product: Running) -> int:
    found: int = product.http.get("/api/v1/inbox").json()["unread"]
    return found


def test_messages_come_by_themselves_and_are_read(product: Running, page: Page) -> None:
    page.goto(f"{product.address}/inbox")
    expect(page.locator(".message.unread").first).to_be_visible(timeout=60_000)
    expect(page.locator("#unread")).to_be_visible(timeout=15_000)

    page.get_by_role("button", name="All read").click()

    newest = page.locator("[data-number]").first.get_attribute("data-number")
    product.until(lambda: unread(product) <= 3, "messages that are read", within_s=20)
    expect(page.locator(f"[data-number='{newest}'].unread")).to_have_count(0, timeout=15_000)


def test_its_worker_shows_what_is_pushed(product: Running, page: Page) -> None:
    page.context.grant_permissions(["notifications"], origin=product.address)
    page.goto(f"{product.address}/inbox")
    expect(page.get_by_role("button", name="Tell this browser, too")).to_be_visible()
    devtools = page.context.new_cdp_session(page)
    registrations: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: registrations.extend(
            each["registrationId"] for each in told["registrations"] if not each["isDeleted"]
        ),
    )
    devtools.send("ServiceWorker.enable")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    while not registrations:
        page.wait_for_timeout(50)

    push = {"origin": product.address, "registrationId": registrations[-1]}
    devtools.send("ServiceWorker.deliverPushMessage", {**push, "data": json.dumps(SAID)})

    wait_until(page, f"{NOTIFICATIONS}.then((all) => all.length > 0)")
    shown = page.evaluate(
        NOTIFICATIONS
        + ".then((all) => all.map(({ title, body, tag, data }) => ({ title, body, tag, ...data })))"
    )
    assert shown == [
        {"title": SAID["title"], "body": SAID["text"], "tag": SAID["tag"], "link": "/inbox"}
    ]
