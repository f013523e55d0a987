"""The search by hand: from the palette to the page with conditions, by keyboard, in two languages."""

import pytest
from playwright.sync_api import expect

from knowledge.models import Article
from tests.factories import CustomerFactory, TicketFactory


@pytest.fixture
def matters(desk, agent):
    customer = CustomerFactory(team=agent.team, name="王小雨", vip=True)
    body = "退款一直没有到账"
    complaint = TicketFactory(customer=customer, kind="complaint", subject="净水机漏水要求退款", body=body)
    TicketFactory(customer=customer, kind="service", subject="预约安装", body="周六在家")
    Article.objects.create(title="退款流程", language="zh-hans", body="三个工作日内退款。", is_published=True)
    return complaint


def test_from_the_palette_to_the_page_and_a_hit(matters, browse, agent):
    tab = browse(agent)
    page = tab.open("/")
    page.keyboard.press("Control+k")
    page.keyboard.type("退款")
    palette = page.get_by_role("listbox", name="Results")
    expect(palette.locator("mark").first).to_have_text("退款")
    expect(palette.get_by_role("option").last).to_contain_text("Search everything")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=*")
    expect(page.get_by_role("navigation", name="Kinds of results")).to_contain_text("Messages 1")
    assert tab.accessible() == []
    page.keyboard.press("f")
    page.keyboard.press("Control+a")
    page.keyboard.type("class:complaint tier:vip clas:x 退款")
    page.keyboard.press("Enter")
    expect(page.locator("#search-problems")).to_contain_text("clas")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.locator("main").focus()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/tickets/{matters.pk}/")


def test_in_chinese_with_articles_opened_in_place(matters, browse, agent):
    tab = browse(agent, language="zh-hans")
    page = tab.open("/search/?q=退款&in=articles")
    expect(page.locator("details.c-search__text")).to_contain_text("三个工作日内")
    page.get_by_role("searchbox").fill("类别：投诉 退款")
    page.keyboard.press("Enter")
    expect(page.locator("[data-row] mark").first).to_have_text("退款")
    assert tab.accessible() == []
