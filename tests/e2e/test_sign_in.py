from playwright.sync_api import expect


def test_signing_in_by_keyboard_leads_to_the_queue(browse, agent):
    tab = browse()
    page = tab.open("/")
    page.get_by_label("Staff number or email").fill("agent")
    page.get_by_label("Password", exact=True).fill("a long enough password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page).to_have_url(tab.address + "/")
    assert tab.problems == []


def test_a_wrong_password_says_so_and_counts_down(browse, agent):
    page = browse().open("/sign-in/")
    page.get_by_label("Staff number or email").fill("agent")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()


def test_the_sign_in_page_speaks_the_browsers_language(browse, ground):
    page = browse(language="zh-hans").open("/sign-in/")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")


def test_the_sign_in_page_is_accessible(browse, ground):
    tab = browse()
    tab.open("/sign-in/")
    assert tab.accessible() == []
