"""The tiers that a new installation starts with (B2); the admin's from then on."""

from customers.models import Tier

TIERS = [
    # code, Chinese, English, rank, score from, badge, greetings
    ("vip", "贵宾", "VIP", 1, 80, "platinum", "尊敬的贵宾客户，您好", "Good day, and thank you for your long trust"),
    ("important", "重要", "Important", 2, 60, "gold", "您好，很高兴为您服务", "Good day, glad to help you"),
    ("ordinary", "普通", "Ordinary", 3, 1, "", "您好", "Good day"),
    ("prospect", "潜在", "Prospect", 4, None, "", "您好，欢迎来电", "Good day, and welcome"),
]


def fill() -> None:
    """Writes the standard tiers where there are none."""
    if Tier.objects.exists():
        return
    for code, zh, en, rank, score, badge, greet_zh, greet_en in TIERS:
        Tier.objects.create(
            code=code, name_zh=zh, name_en=en, rank=rank, least_score=score, badge=badge, greeting_zh=greet_zh,
            greeting_en=greet_en,
        )
