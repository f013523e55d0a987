"""The two templates that a new installation starts with; the admin's from then on."""

from core.models import WorkCalendar
from processes.models import Stage, Template, TemplateStep
from staff.models import Role

HOUR = 3600
N, P, C, E, F = Stage.NEED, Stage.PLAN, Stage.CONFIRMATION, Stage.EXECUTION, Stage.FEEDBACK
ANYBODY, CENTRE = "", Role.SPECIALIST

# (stage, role, hours or working days, title zh, title en, standard zh, standard en)
SERVICE = [
    (N, ANYBODY, "4h", "确认需求", "Confirm the need", "复述客户的需求，并得到客户认可。", "The need is said back to the customer, and they agree."),
    (P, ANYBODY, "1d", "制定方案", "Work out the plan", "写明做什么、谁来做、何时完成、费用多少。", "It says what is done, by whom, by when, and what it costs."),
    (C, ANYBODY, "3d", "客户确认", "Customer's confirmation", "客户通过链接、邮件或录音通话确认方案。", "The customer confirms the plan by link, mail or recorded call."),
    (E, ANYBODY, "2d", "实施", "Carry it out", "按方案实施，每一步都有记录。", "Carried out as planned, with every act in the log."),
    (F, ANYBODY, "1d", "反馈结果", "Report the result", "告知客户结果，并询问是否还有其他需要。", "The customer is told the result and asked whether anything is left."),
]
# P4, 客户服务基本流程: the twelve steps in their order.
ONBOARDING = [
    (N, ANYBODY, "4h", "订单操作", "Order", "订单内容与客户的需求一致。", "The order says what the customer asked for."),
    (P, ANYBODY, "1d", "信息整理", "Information", "客户资料完整、规范；开通内容写入方案。", "The customer's particulars are complete; the plan says what is opened."),
    (C, ANYBODY, "3d", "确认合同", "Contract", "客户确认合同内容。", "The customer confirms the contract."),
    (E, CENTRE, "1d", "审核信息", "Review", "信息完整、规范、真实，由审核人员核对。", "Complete, conform and true, checked by a reviewer."),
    (E, CENTRE, "1d", "后台操作", "Back office", "后台设置与合同一致。", "What is set up agrees with the contract."),
    (E, ANYBODY, "4h", "电话通知", "Notice", "电话通知客户开通时间。", "The customer is called and told when it opens."),
    (E, CENTRE, "1d", "帐号开通", "Account", "帐号可以正常登录使用。", "The account is open and works."),
    (E, CENTRE, "2d", "电话回访", "Callback", "回访使用效果，由非经办人执行。", "Asked how it works, by somebody who did not set it up."),
    (E, ANYBODY, "5d", "定期操作", "Periodic work", "定期联系已列入计划。", "The periodic contacts are planned."),
    (E, ANYBODY, "1d", "备案", "Filing", "合同与资料已备案。", "Contract and particulars are filed."),
    (F, ANYBODY, "1d", "信息反馈", "Feedback", "客户的意见和建议已转达相关部门。", "Opinions and suggestions have reached whom they concern."),
    (F, ANYBODY, "1d", "记录存档", "Archive", "全部记录完整存档。", "The whole record is archived."),
]


def fill() -> None:
    """Writes the standard templates where there are none."""
    if Template.objects.exists():
        return
    office = WorkCalendar.objects.standard()
    for kind, zh, en, steps in (
        (Template.Kind.SERVICE, "服务流程", "Service process", SERVICE),
        (Template.Kind.ONBOARDING, "客户开户/入网", "Onboarding", ONBOARDING),
    ):
        template = Template.objects.create(kind=kind, name_zh=zh, name_en=en, version=1)
        TemplateStep.objects.bulk_create(
            TemplateStep(
                template=template, position=position, stage=stage, role=role, title_zh=title_zh, title_en=title_en,
                standard_zh=standard_zh, standard_en=standard_en, calendar=office, **_target(target),
            )
            for position, (stage, role, target, title_zh, title_en, standard_zh, standard_en) in enumerate(steps, 1)
        )


def _target(words: str) -> dict[str, int]:
    n = int(words[:-1])
    return {"target_days": n} if words.endswith("d") else {"target_seconds": n * HOUR}
