"""A file by hand in a real browser: uploaded, columns chosen, checked, loaded while the page watches."""

import pytest
from playwright.sync_api import expect

from customers.models import Customer
from customers.transfer import loading

TEXT = "编号,姓名,电话,邮箱,公司\n" + "".join(
    f"{n},王小雨{n},1381234{n:04d},wang{n}@mail.example,华东机械\n" for n in range(12)
) + "99,=CMD(),13900000001,,\n100,李雷,12,,\n"


@pytest.fixture
def choose_file(tmp_path):
    path = tmp_path / "客户.csv"
    path.write_text(TEXT, encoding="gb18030")
    return path


@pytest.mark.parametrize(("language", "theme", "size"), [("en", "light", (1440, 900)), ("zh-hans", "dark", (390, 844))])
def test_a_file_is_loaded_by_hand_and_the_page_follows(desk, browse, lead, choose_file, language, theme, size):
    tab = browse(lead, language=language, theme=theme, size=size)
    page = tab.open("/imports/")
    assert tab.accessible() == []
    page.set_input_files("#import-file", choose_file)
    page.locator(".c-import__upload button").click()
    expect(page.locator("[id='f-name']")).to_have_value("姓名")
    expect(page.locator("main")).to_contain_text("138****0003")
    page.locator("form[action$='/columns/'] button[type=submit]").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    tab.connected()
    page.evaluate("window.sameDocument = true")
    assert tab.accessible() == []
    assert loading.work()
    expect(page.locator(".c-import__counts dd").first).to_have_text("12")
    expect(page.locator("form[action$='/load/'] button")).to_be_visible()
    assert page.evaluate("window.sameDocument")
    assert tab.accessible() == []
    page.locator("form[action$='/load/'] button").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    tab.connected()
    assert loading.work()
    expect(page.locator("form[action$='/rejects/'] button")).to_be_visible()
    assert Customer.objects.count() == 12
    with page.expect_download() as found:
        page.locator("form[action$='/rejects/'] button").click()
    assert "'=CMD()" in found.value.path().read_text("utf-8-sig")
    assert tab.problems == []


def test_the_list_leaves_as_a_file(desk, browse, supervisor, lead, team):
    from tests.factories import CustomerFactory

    CustomerFactory(team=team, name="王小雨", phone="13812341234")
    tab = browse(supervisor)
    page = tab.open("/customers/")
    page.locator(".c-export summary").click()
    assert tab.accessible() == []
    page.get_by_label("Numbers and addresses in full").check()
    page.get_by_label("Reason, if in full").fill("recall")
    with page.expect_download() as found:
        page.locator(".c-export__form button[type=submit]").click()
    assert "138 1234 1234" in found.value.path().read_text("utf-8-sig")
    assert tab.problems == []
