"""The reply templates that a new installation starts with; the admin's from then on."""

from knowledge.models import ReplyTemplate

TEMPLATES = [
    ("zh-hans", "核实后答复", "{name}，您好：\n\n感谢您的来信。您反映的情况我已记录（工单 {number}），我核实后今天 17:30 前给您答复。"
                          "\n\n客服专员 {agent}"),
    ("zh-hans", "致歉并说明进度", "{name}，您好：\n\n给您带来不便，我们深表歉意。目前的进度是：\n\n"
                            "下一次我会在约定时间前主动联系您。\n\n客服专员 {agent}"),
    ("zh-hans", "请客户确认方案", "{name}，您好：\n\n我们为您准备了以下方案，请您确认：\n\n收到您的确认后，我马上为您安排。"
                            "\n\n客服专员 {agent}"),
    ("en", "Check and answer", "Dear {name},\n\nthank you for your message. I have recorded it as {number}; I will check and "
                               "answer you by 17:30 today.\n\n{agent}"),
    ("en", "Regret and progress", "Dear {name},\n\nwe are sorry for the trouble. Where things stand:\n\n"
                                  "I will contact you again before the time given.\n\n{agent}"),
    ("en", "Confirm the proposal", "Dear {name},\n\nthis is what we can do:\n\nPlease tell us whether it suits you; I will "
                                   "arrange it at once.\n\n{agent}"),
]  # fmt: skip


def fill() -> None:
    """Writes the standard templates where there are none."""
    if not ReplyTemplate.objects.exists():
        ReplyTemplate.objects.bulk_create(
            ReplyTemplate(language=language, name=name, body=body) for language, name, body in TEMPLATES
        )
