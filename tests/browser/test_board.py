"""The board in a browser: it opens with a token, is walked by keyboard, and fits a desk, a phone and paper."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect

from services.indicators.adapters.work import IndicatorsWork
from shared.kit.clock import Clock
from shared.kit.database import new_engine
from shared.values.award import Scheme
from tests.builders.databases import home, migrated
from tests.builders.served import EVERYTHING, Served, served
from tests.builders.works import works_on
from tests.integration.indicators.world import World
from tests.unit.kit.a_service import a_token

JINAN, YUAN = "341502001001", "341503001004"
DESK, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
SERIOUS = {"serious", "critical"}


async def settle(url: str) -> None:
    """Holders with and without a subsidy in two counties, and one dead person whose subsidy goes on."""
    engine = new_engine(url, pool_size=2, application_name="test")
    clock = Clock(movable=True)
    world = World(works_on(engine, IndicatorsWork, clock=clock))
    for division, count in ((JINAN, 12), (YUAN, 8)):
        for number in range(count):
            person_id = world.registry.register(division, on=date(2025, 1 + number % 12, 5))
            world.registry.issue(person_id, on=date(2025, 1 + number % 12, 5), until=date(2035, 1, 5))
            if number % 3:
                world.subsidy.grant(person_id, division, Scheme.NURSING, month="2025-12")
    world.registry.die(person_id, on=date(2026, 2, 3))
    await world.hear()
    await engine.dispose()


@pytest.fixture(scope="module")
def api() -> Iterator[Served]:
    with migrated("indicators") as server, home() as folder, served("indicators", server, folder) as api:
        asyncio.run(settle(server.url("indicators")))
        yield api


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    page = await browser.new_page(viewport=DESK)
    yield page
    await page.close()


async def opened(page: Page, api: Served, query: str = "", **claims: Any) -> None:
    await page.goto(f"{api.url}/board{query}")
    await page.get_by_label("访问令牌").fill(a_token(**{"roles": [EVERYTHING], "divisions": ["3415"]} | claims))
    await page.keyboard.press("Enter")


async def require_accessible(page: Page) -> None:
    """WCAG 2.2 AA, as far as a machine can tell."""
    found = (await Axe().run(page)).response["violations"]
    assert [(each["id"], each["help"]) for each in found if each["impact"] in SERIOUS] == []


async def test_the_board_opens_with_a_token_and_is_accessible(page: Page, api: Served) -> None:
    await page.goto(f"{api.url}/board")
    await require_accessible(page)
    await opened(page, api, "#period=2026-10")
    await expect(page.locator("h1")).to_have_text("六安市 2026-10 指标看板")
    await expect(page.locator(".tile")).to_have_count(8)
    await expect(page.locator(".tile svg").first).to_be_visible()
    await expect(page.get_by_text("尚未清零的事项").first).to_be_visible()
    await require_accessible(page)


async def test_a_county_is_reached_and_left_again_by_keyboard_alone(page: Page, api: Served) -> None:
    await opened(page, api, "#period=2026-10")
    await expect(page.locator("h1")).to_be_focused()
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.textContent") == "裕安区":
            break
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("裕安区 2026-10 指标看板")
    await expect(page.locator("h1")).to_be_focused()
    await page.go_back()
    await expect(page.locator("h1")).to_have_text("六安市 2026-10 指标看板")


async def test_another_period_and_another_ranking_are_asked_for_in_the_form(page: Page, api: Served) -> None:
    await opened(page, api, "#period=2026-10")
    await page.get_by_label("统计期").fill("2026-Q1")
    await page.get_by_label("排名指标").select_option("subsidised_share")
    await page.get_by_role("button", name="查看").click()
    await expect(page.locator("h1")).to_have_text("六安市 2026-Q1 指标看板")
    await expect(page.locator("caption", has_text="享受补贴人数占持证人比例")).to_be_visible()


async def test_a_refusal_is_told_in_words_and_loud(page: Page, api: Served) -> None:
    await opened(page, api, "#division=340104")
    await expect(page.get_by_role("alert")).to_contain_text("340104")
    await require_accessible(page)


async def test_a_phone_scrolls_nothing_but_tables_sideways(page: Page, api: Served) -> None:
    await page.set_viewport_size(PHONE)
    await opened(page, api, "#period=2026-10")
    await expect(page.locator(".tile")).to_have_count(8)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await require_accessible(page)


async def test_paper_shows_the_numbers_and_not_the_controls(page: Page, api: Served, tmp_path: Path) -> None:
    await opened(page, api, "#period=2026-10")
    await expect(page.locator(".tile")).to_have_count(8)
    await page.emulate_media(media="print")
    await expect(page.locator("#entry")).to_be_hidden()
    await expect(page.get_by_role("button", name="查看")).to_be_hidden()
    await expect(page.locator(".tile").first).to_be_visible()
    paper = await page.pdf(format="A4")
    assert paper.startswith(b"%PDF")


async def test_nothing_is_fetched_from_another_machine(page: Page, api: Served) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await opened(page, api, "#period=2026-10")
    await expect(page.locator(".tile")).to_have_count(8)
    assert {url for url in asked if not url.startswith((api.url, "data:"))} == set()
