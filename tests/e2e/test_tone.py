"""The tone of urgent notices: for who wishes it, once for all open pages."""

from playwright.sync_api import expect

from staff.models import NoticeSettings
from staff.notifications import notify

COUNT = """
  window.tones = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...args) { window.tones += 1; return start.apply(this, args); };
"""


def test_an_urgent_notice_sounds_once_for_all_pages_of_who_wishes_it(desk, browse, agent, lead):
    NoticeSettings.objects.create(user=agent, sound=True)
    mine, theirs = browse(agent), browse(lead)
    mine.context.add_init_script(COUNT)
    theirs.context.add_init_script(COUNT)
    page, quiet = mine.open_live("/me/notices/"), theirs.open_live("/me/notices/")
    for each in (page, quiet):
        each.locator("h1").click()
    notify(agent, "assigned", ticket_id=1)
    notify(lead, "escalated", ticket_id=1)
    expect(quiet.locator("#bell")).to_contain_text("1")
    expect(page.locator("#bell")).to_contain_text("1")
    assert page.evaluate("tones") == quiet.evaluate("tones") == 0
    notify(agent, "escalated", ticket_id=2)
    page.wait_for_function("tones === 2")  # two notes
    expect(page.locator("#bell")).to_contain_text("2")
    page.locator("[data-try-tone]").click()
    page.wait_for_function("tones === 4")
