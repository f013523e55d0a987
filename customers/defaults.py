"""The tiers, rules and wordings that a new installation starts with (B1, B2, B4); the admin's from then on."""

from django.utils import timezone

from customers.models import (
    CommunicationPlan,
    ConsentWording,
    LifecycleRule,
    ScoringBand,
    ScoringRule,
    ScoringVersion,
    Tier,
)

TIERS = [
    # code, Chinese, English, rank, score from, share, to the manager, fresh days, badge, greetings
    ("vip", "贵宾", "VIP", 1, 80, 5, True, 180, "platinum",
     "尊敬的贵宾客户，您好", "Good day, and thank you for your long trust"),
    ("important", "重要", "Important", 2, 60, 15, False, 270, "gold",
     "您好，很高兴为您服务", "Good day, glad to help you"),
    ("ordinary", "普通", "Ordinary", 3, 1, 80, False, 365, "", "您好", "Good day"),
    ("prospect", "潜在", "Prospect", 4, None, None, False, 365, "", "您好，欢迎来电", "Good day, and welcome"),
]
RULES: list[tuple[str, int, int, list[tuple[int | str, int]]]] = [
    # dimension, weight, points where nothing is known, bands (from, points)
    ("recency", 15, 30, [(0, 100), (31, 80), (91, 60), (181, 30), (366, 0)]),
    ("frequency", 20, 40, [(0, 0), (1, 40), (2, 60), (4, 80), (8, 100)]),
    ("monetary", 35, 0, [(0, 0), (1, 20), (1_000, 40), (5_000, 60), (20_000, 80), (50_000, 100)]),
    ("tenure", 10, 0, [(0, 10), (1, 40), (3, 70), (5, 100)]),
    ("satisfaction", 10, 60, [(1, 0), (3, 50), (4, 80), ("4.5", 100)]),
    ("payment", 10, 60, [(0, 0), (60, 40), (80, 70), (95, 100)]),
]

WORDINGS = [
    # purpose, Chinese, English: the sentence that asks for the consent
    ("service", "为了向您提供服务，我们需要保存您的联系方式和服务记录，您同意吗？",
     "May we keep your contact details and service records, so that we can serve you?"),
    ("callback", "处理完成后，我们可以给您回访吗？", "May we call you back about this matter once it is handled?"),
    ("recording", "为保证服务质量，本次通话可能被录音，您同意吗？", "To keep our service good this call may be recorded; do you agree?"),
    ("care", "我们可以向您发送生日问候和关怀信息吗？您随时可以退订。", "May we send you greetings and care messages? You can stop them any time."),
    ("marketing", "我们可以向您介绍优惠和新产品吗？您随时可以退订。", "May we tell you about offers and products? You can stop this any time."),
]

PLANS = [
    # tier, service, frequency, method, what for (Chinese, English)
    ("vip", "", "monthly", "phone", "了解使用情况，提前发现问题，告知新的服务", "Hear how things are going, find problems early, tell of new services"),
    ("vip", "", "quarterly", "meeting", "回顾上一季度的服务，商定下一季度的需求", "Review the last quarter's service, agree on the needs of the next"),
    ("important", "", "quarterly", "phone", "了解使用情况和新的需求", "Hear how things are going and what is newly needed"),
]


def fill() -> None:
    """Writes the standard tiers and rules where there are none."""
    if not Tier.objects.exists():
        for code, zh, en, rank, score, share, to_manager, fresh, badge, greet_zh, greet_en in TIERS:
            Tier.objects.create(
                code=code, name_zh=zh, name_en=en, rank=rank, least_score=score, share=share, to_manager=to_manager,
                fresh_days=fresh, badge=badge, greeting_zh=greet_zh, greeting_en=greet_en, first_in_queue=rank == 1,
            )
    if not ScoringVersion.objects.exists():
        _rules()
    if not LifecycleRule.objects.exists():
        LifecycleRule.objects.create()
    if not CommunicationPlan.objects.exists():
        tiers = {tier.code: tier for tier in Tier.objects.all()}
        for code, service, frequency, method, zh, en in PLANS:
            if code in tiers:
                CommunicationPlan.objects.create(
                    tier=tiers[code], service=service, frequency=frequency, method=method, goal_zh=zh, goal_en=en
                )
    if not ConsentWording.objects.exists():
        ConsentWording.objects.bulk_create(
            ConsentWording(purpose=purpose, language=language, version="1", text=text)
            for purpose, zh, en in WORDINGS
            for language, text in (("zh-hans", zh), ("en", en))
        )


def _rules() -> None:
    version = ScoringVersion.objects.create(number=1, state=ScoringVersion.State.ACTIVE, activated_at=timezone.now())
    if not Tier.objects.exclude(share=None).exists():  # tiers from before there were shares
        ScoringVersion.objects.filter(pk=version.pk).update(cut=ScoringVersion.Cut.SCORE)
    for dimension, weight, missing, bands in RULES:
        rule = ScoringRule.objects.create(
            version=version, dimension=dimension, weight=weight, missing_points=missing
        )
        ScoringBand.objects.bulk_create(ScoringBand(rule=rule, least=least, points=points) for least, points in bands)
