"""The integrator's first look: the documents of every API, in a browser that reaches nothing but this machine."""

import json
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from shared.contracts import openapi
from tests.system.house import House

SERVICES = ("registry", "subsidy", "rehab", "indicators")


async def opened(browser: Browser, url: str) -> tuple[Page, set[str]]:
    """The page, and the hosts that answered it (``data:`` and ``blob:`` addresses have none)."""
    page = await browser.new_page()
    hosts: set[str] = set()
    page.on("response", lambda answer: hosts.update(filter(None, [urlsplit(answer.url).hostname])))
    await page.goto(url)
    return page, hosts


def groups_of(service: str) -> set[str]:
    """The tags that a service's operations carry."""
    paths = json.loads(openapi.published(service))["paths"]
    return {tag for methods in paths.values() for operation in methods.values() for tag in operation["tags"]}


@pytest.mark.parametrize("service", SERVICES)
async def test_the_interactive_document_lists_every_group_and_a_groups_operations_without_the_internet(
    browser: Browser, house: House, service: str
) -> None:
    groups = groups_of(service)
    page, hosts = await opened(browser, f"{house.stack.url(service)}/docs")
    await expect(page.locator(".opblock-tag")).to_have_count(len(groups), timeout=60_000)
    await page.locator(f'.opblock-tag[data-tag="{min(groups)}"]').click()
    # Operations below the fold are drawn when they come into sight: only the first is sure to be there.
    await expect(page.locator(".opblock").first).to_be_visible(timeout=60_000)
    assert hosts == {"127.0.0.1"}
    await page.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_the_reading_document_renders_without_the_internet(browser: Browser, house: House, service: str) -> None:
    page, hosts = await opened(browser, f"{house.stack.url(service)}/redoc")
    # Every operation is drawn before the first word is seen: minutes where the machine is slow and busy.
    await expect(page.locator("h1").first).to_contain_text("量服", timeout=240_000)
    assert hosts == {"127.0.0.1"}
    await page.close()


async def test_an_operation_tried_without_a_token_shows_the_problem_in_chinese(browser: Browser, house: House) -> None:
    page, _ = await opened(browser, f"{house.stack.url('registry')}/docs")
    operation = page.locator("#operations-persons-list_persons_api_v1_persons_get")
    await page.locator('.opblock-tag[data-tag="persons"]').click(timeout=60_000)
    await operation.locator("button.opblock-summary-control").click(timeout=60_000)
    await operation.get_by_role("button", name="Try it out").click()
    await operation.get_by_role("button", name="Execute").click()
    await expect(operation.locator(".live-responses-table")).to_contain_text("token_missing", timeout=60_000)
    await page.close()
