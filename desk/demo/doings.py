"""What is done on the matters: the steps of service processes, and calls of ours."""

from contextlib import suppress
from datetime import timedelta

from django.utils import translation

from desk.demo.walks import Walk
from followups import outgoing
from followups.models import Outgoing
from messaging import calls
from messaging.models import Call
from processes import confirmations, running
from processes.models import Invitation, Process, Stage, Step, Template

ROOT = "https://desk.example/"
NEED = "需求已复述，客户认可。"
PLAN = (
    "1. 上门复核尺寸、水压和电源，拍照存档。\n2. 报价含材料与人工，超出部分先确认再施工。\n"
    "3. 确认后两个工作日内完成，由服务网点派两名师傅。\n4. 完成后试机 30 分钟，交付验收单和保修卡。"
)
AGREED = "方案同意，请按时完成。"
WORKED = "材料已到仓，已与网点确认人员和时间。"
REVIEWED = "已核对，与合同一致。"
CALLING = timedelta(minutes=5)
HEARD = {"timeliness": 5, "professionalism": 5, "effectiveness": 4, "attitude": 5, "words": "按您说的重装以后水流正常了。"}


def _process(case: Walk) -> Process:
    return case.ticket.processes.latest("pk")


def _turn(case: Walk) -> Step:
    step = running.current(_process(case))
    if step is None:
        raise LookupError("the process has ended")
    return step


def begin(case: Walk, kind: str = "service") -> None:
    running.start(case.ticket, template=Template.objects.get(kind=kind), by=case.at_work(case.owner), now=case.now)


def onboard(case: Walk) -> None:
    begin(case, Template.Kind.ONBOARDING)


def confirm_need(case: Walk) -> None:
    running.complete(_turn(case), by=case.at_work(case.owner), result=NEED, now=case.now)


def plan(case: Walk) -> None:
    by = case.at_work(case.owner)
    running.write_plan(_process(case), text=PLAN, by=by, now=case.now)
    running.complete(_turn(case), by=by, now=case.now)


def invite(case: Walk) -> None:
    confirmations.invite(_process(case), by=case.at_work(case.owner), root=ROOT, now=case.now)
    case.ticket.refresh_from_db()


def accept(case: Walk) -> None:
    """The customer follows the link and agrees."""
    case.by_itself()
    sent = Invitation.objects.filter(process=_process(case)).latest("pk")
    with translation.override(case.customer.language):  # the page speaks the customer's language, and so does its proof
        confirmations.answer_link(sent, accepted=True, words=AGREED, now=case.now)
    case.ticket.refresh_from_db()


def work(case: Walk) -> None:
    """A line in the execution log; the step goes on."""
    running.note(_process(case), what=WORKED, by=case.at_work(case.owner), now=case.now)


def review(case: Walk) -> None:
    step = _turn(case)
    if step.stage == Stage.EXECUTION:
        running.complete(step, by=case.at_work(case.crew.specialist), result=REVIEWED, now=case.now)


# --- Calls of ours ------------------------------------------------------------------------------------------------


def dial(case: Walk) -> None:
    """Calls the customer, unless the agent is on the telephone."""
    by = case.at_work(case.owner)
    if case.story.busy_until(by, case.now) or Call.objects.filter(agent=by, ended_at=None).exists():
        return
    case.story.busy[by.pk] = case.now + CALLING
    with suppress(outgoing.OutgoingRefused):
        outgoing.dial(by=by, ticket=case.ticket, now=case.now)


def _open_call(case: Walk) -> Outgoing | None:
    return Outgoing.objects.filter(ticket=case.ticket, call__ended_at=None).select_related("call").first()


def hang_up(case: Walk) -> None:
    """Reached: the four questions are answered, and the customer hangs up first."""
    if found := _open_call(case):
        by = case.at_work(case.owner)
        calls.answered(found.call, now=case.now - timedelta(minutes=3))
        answers = {name: str(value) for name, value in HEARD.items()}
        outgoing.save_draft(found, answers, now=case.now - timedelta(seconds=20))
        outgoing.finish(found, by=by, outcome=Outgoing.Result.REACHED, hung_up_by="customer", has_time=True,
                        now=case.now, **HEARD)  # fmt: skip


def no_answer(case: Walk) -> None:
    if found := _open_call(case):
        outgoing.finish(found, by=case.at_work(case.owner), outcome=Outgoing.Result.NO_ANSWER, now=case.now)


VERBS = {
    "process": begin, "onboard": onboard, "need": confirm_need, "plan": plan, "invite": invite, "accept": accept,
    "work": work, "review": review, "dial": dial, "hang_up": hang_up, "no_answer": no_answer,
}
