"""The integrator's first look: the documents of every API, in a browser that reaches nothing but this machine."""

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from tests.system.house import House

SERVICES = ("registry", "subsidy", "rehab", "indicators")


async def opened(browser: Browser, url: str) -> tuple[Page, set[str]]:
    """The page, and the hosts that answered it (``data:`` and ``blob:`` addresses have none)."""
    page = await browser.new_page()
    hosts: set[str] = set()
    page.on("response", lambda answer: hosts.update(filter(None, [urlsplit(answer.url).hostname])))
    await page.goto(url)
    return page, hosts


@pytest.mark.parametrize("service", SERVICES)
async def test_the_interactive_document_lists_the_operations_without_the_internet(
    browser: Browser, house: House, service: str
) -> None:
    page, hosts = await opened(browser, f"{house.stack.url(service)}/docs")
    await expect(page.locator(".opblock").nth(9)).to_be_visible(timeout=20_000)
    assert hosts == {"127.0.0.1"}
    await page.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_the_reading_document_renders_without_the_internet(browser: Browser, house: House, service: str) -> None:
    page, hosts = await opened(browser, f"{house.stack.url(service)}/redoc")
    await expect(page.locator("h1").first).to_contain_text("量服", timeout=20_000)
    assert hosts == {"127.0.0.1"}
    await page.close()


async def test_an_operation_tried_without_a_token_shows_the_problem_in_chinese(browser: Browser, house: House) -> None:
    page, _ = await opened(browser, f"{house.stack.url('registry')}/docs")
    operation = page.locator("#operations-persons-list_persons_api_v1_persons_get")
    await operation.locator("button.opblock-summary-control").click(timeout=20_000)
    await operation.get_by_role("button", name="Try it out").click()
    await operation.get_by_role("button", name="Execute").click()
    await expect(operation.locator(".live-responses-table")).to_contain_text("token_missing", timeout=20_000)
    await page.close()
