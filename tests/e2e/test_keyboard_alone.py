"""A whole complaint without a mouse: found by the palette, claimed, answered, noted, moved, called back, archived."""

from playwright.sync_api import expect

from followups import callbacks
from tests.e2e.test_a_case_by_hand import current_stage, step
from tests.factories import CustomerFactory, TicketFactory
from tickets.models import Kind, State, Ticket

MOST_TABS = 60


def tab_to(page, target) -> None:
    """Presses Tab until `target` has the focus, as somebody without a mouse would."""
    for _press in range(MOST_TABS):
        if target.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {target}")


def saved(page) -> None:
    """Ctrl Enter, and the dialog is gone with the page drawn anew."""
    with page.expect_response(lambda answer: answer.request.method == "POST" and "/tickets/" in answer.url):
        page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".htmx-request, .htmx-settling, .htmx-swapping")).to_have_count(0)


def test_a_complaint_is_worked_from_the_queue_to_the_archive_by_keys(desk, browse, team, agent, specialist):
    customer = CustomerFactory(team=team, name="孙丽", email="sun@mail.example", phone="13700002222")
    ticket = TicketFactory(customer=customer, kind=Kind.COMPLAINT, subject="送货迟到两次", body="一再延误")
    TicketFactory(customer=customer, subject="预约安装")
    tab = browse(agent)
    page = tab.open("/?view=team")
    page.keyboard.press("Control+k")
    page.keyboard.type("送货")
    expect(page.get_by_role("option").filter(has_text="送货迟到两次")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/tickets/{ticket.pk}/")

    page.keyboard.press("a")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    owner = dialog.locator("select").first
    tab_to(page, owner)
    for _option in range(owner.locator("option").count()):
        if owner.input_value() != str(agent.pk):
            page.keyboard.press("ArrowDown")
    expect(owner).to_have_value(str(agent.pk))
    saved(page)

    page.keyboard.press("t")
    expect(page.get_by_role("dialog").locator("input[type=text]")).to_be_focused()
    page.keyboard.type("物流")
    saved(page)
    expect(page.locator(".c-tags")).to_contain_text("物流")

    page.keyboard.press("r")
    page.keyboard.type("您好，我们核实后今天给您答复。")
    tab_to(page, page.get_by_label("Next update by"))
    page.keyboard.type("01012030")
    page.keyboard.press("Tab")
    page.keyboard.type("1000AM")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".c-msg--agent")).to_contain_text("核实后今天给您答复")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("司机电话未接")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".c-msg--note")).to_contain_text("司机电话未接")
    page.keyboard.press("Escape")
    step(page, "1", State.CLASSIFIED)
    step(page, "1", State.PHONE_HANDLING)
    step(page, "1", State.CALLBACK)

    callbacks.plan_due()
    second = browse(specialist)
    centre = second.open("/")
    centre.keyboard.press("g")
    centre.keyboard.press("b")
    centre.wait_for_url("**/callbacks/**")
    tab_to(centre, centre.get_by_role("link", name="List"))
    centre.keyboard.press("Enter")
    tab_to(centre, centre.get_by_role("row").filter(has_text="孙丽").get_by_role("link").first)
    centre.keyboard.press("Enter")
    centre.wait_for_url("**/callbacks/*/**")
    centre.keyboard.press("1")
    cause = centre.get_by_label("Cause")
    tab_to(centre, cause)
    centre.keyboard.press("ArrowDown")
    centre.keyboard.press("Control+Enter")
    expect(centre.get_by_text("is now")).to_be_visible()

    page.keyboard.press("g")
    page.keyboard.press("q")
    page.wait_for_url("**/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tickets/*/")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.outcome, ticket.owner) == (State.ARCHIVED, "satisfied", agent)
    assert current_stage(page).count() <= 1 and Ticket.objects.count() == 2
    assert tab.problems == [] and second.problems == []
