"""The long ways to the archive, each step by the hand whose it is: back office, dispute, a matter that comes back."""

from playwright.sync_api import expect

from tests.e2e.test_a_case_by_hand import current_stage
from tests.factories import CustomerFactory, TicketFactory
from tickets.models import Kind, State, Ticket


def take(tab, state: State) -> None:
    tab.locator(f"#move-{state}").click()
    expect(current_stage(tab)).to_contain_text(str(state.label))


def archive(tab, *, outcome: str, note: str = "") -> None:
    fold = tab.locator("#steps details.c-fold")
    if not fold.evaluate("fold => fold.open"):
        fold.locator("summary").click()
    for label, value in (("Outcome", outcome), ("Cause", "information")):
        fold.get_by_label(label).focus()  # a form in use is not refreshed under one's hands
        fold.get_by_label(label).select_option(value)
    fold.get_by_label("Note").fill(note)
    fold.get_by_role("button", name="Archive").click()


def test_a_consult_by_way_of_the_back_office_is_archived_and_reopened(desk, browse, team, agent, specialist):
    ticket = TicketFactory(customer=CustomerFactory(team=team), kind=Kind.CONSULT, owner=agent)
    page = browse(agent).open(f"/tickets/{ticket.pk}/")
    for state in (State.UNDERSTOOD, State.ANSWERED, State.BACK_OFFICE):
        take(page, state)
    expect(page.locator("#steps")).to_contain_text("This step belongs to")

    office = browse(specialist).open(f"/tickets/{ticket.pk}/")
    archive(office, outcome="unverified")
    expect(office.locator("#archive-errors, #steps .c-banner--red").first).to_contain_text("how the customer was tried")
    archive(office, outcome="satisfied")
    expect(office.locator("#ticket-head .c-chip--green")).to_be_visible()

    office.get_by_role("button", name="Reopen").click()
    dialog = office.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("客户来电说还有疑问")
    dialog.get_by_role("button", name="Reopen").click()
    expect(current_stage(office)).to_contain_text(str(State.BACK_OFFICE.label))
    assert Ticket.objects.get().state == State.BACK_OFFICE


def test_a_complaint_that_nobody_can_settle_ends_with_a_final_decision(desk, browse, team, agent, specialist, lead):
    ticket = TicketFactory(customer=CustomerFactory(team=team), kind=Kind.COMPLAINT, owner=agent)
    page = browse(agent).open(f"/tickets/{ticket.pk}/")
    for state in (State.CLASSIFIED, State.PHONE_HANDLING, State.DEPT_HANDLING):
        take(page, state)
    take(browse(specialist).open(f"/tickets/{ticket.pk}/"), State.ESCALATED)

    head = browse(lead).open(f"/tickets/{ticket.pk}/")
    take(head, State.EXTERNAL_DISPUTE)
    head.reload()
    archive(head, outcome="refused")
    expect(head.locator("#steps")).to_contain_text("A final decision needs its reason in writing.")
    archive(head, outcome="refused", note="超出保修，已告知 12315 与调解途径")
    expect(head.locator("#ticket-head .c-chip--green")).to_contain_text("refused")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.outcome) == (State.ARCHIVED, "refused")
