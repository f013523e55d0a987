"""The benefits and care texts that a new installation starts with; the admin's from then on."""

from customers.models import Tier
from loyalty.models import Benefit, CareTemplate

BENEFITS: dict[str, list[tuple[str, str, str | None]]] = {
    "vip": [("专属客户经理", "Own account manager", None), ("消费 1 元积 2 分", "2 points per unit spent", "2")],
    "important": [("优先受理", "Served first", None), ("消费 1 元积 1.5 分", "1.5 points per unit spent", "1.5")],
    "ordinary": [("消费 1 元积 1 分", "1 point per unit spent", "1")],
}
BIRTHDAY = {
    "zh-hans": ("生日快乐", "{name}，您好：\n\n今天是您的生日，祝您生日快乐、平安健康。您目前的积分是 {points} 分。\n\n客服中心"),
    "en": (
        "Happy birthday",
        "Dear {name},\n\nwe wish you a happy birthday and a good year. Your points balance is {points}.\n\n"
        "Your service team",
    ),
}


def fill() -> None:
    """Writes the standard benefits and birthday texts where there are none."""
    if not Benefit.objects.exists():
        tiers = {tier.code: tier for tier in Tier.objects.all()}
        for code, rows in BENEFITS.items():
            for zh, en, rate in rows if code in tiers else []:
                Benefit.objects.create(tier=tiers[code], name_zh=zh, name_en=en, points_per_unit=rate)
    if not CareTemplate.objects.exists():
        for language, (subject, body) in BIRTHDAY.items():
            CareTemplate.objects.create(occasion="birthday", language=language, subject=subject, body=body)
