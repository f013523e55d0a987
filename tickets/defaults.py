"""The topics and promises that a new installation starts with; the admin's from then on."""

from core.models import WorkCalendar
from customers.models import Tier
from tickets import topic_defaults
from tickets.ladder_models import Trigger, Whom
from tickets.models import Channel, FlowRules, Kind, Ladder, Metric, Rung, SLAPolicy
from tickets.sla_models import OnReclassify

HOUR = 3600


def fill() -> None:
    """Writes the standard topics and policies where there are none."""
    topic_defaults.fill()
    _ladder()
    _policies({*Metric.values} - {*SLAPolicy.objects.values_list("metric", flat=True)})
    FlowRules.objects.get_or_create(pk=1)


def _ladder() -> None:
    """The team lead hears of a missed promise at once, the supervisor after half an hour without an answer, the
    manager after another eight hours. The owner is warned before, by the policy's own warning.
    """
    if Ladder.objects.filter(is_standard=True).exists():
        return
    ladder = Ladder.objects.create(name="标准升级路径 · Standard ladder", is_standard=True)
    Rung.objects.bulk_create([
        Rung(ladder=ladder, position=1, percent=100, to=Whom.LEAD, ack_within=30),
        Rung(ladder=ladder, position=2, trigger=Trigger.SILENCE, to=Whom.SUPERVISOR, ack_within=480),
        Rung(ladder=ladder, position=3, trigger=Trigger.SILENCE, to=Whom.MANAGER),
    ])  # fmt: skip


def _policies(missing: set[str]) -> None:
    """The standard rows of promises that have none yet. 24 小时 is clock hours; 工作日 runs on the working calendar (mission, decisions).

    When the class changes, the first reply is still owed from the start, whereas the solution is promised anew: four
    hours of a consult are no measure for a complaint.
    """
    if not missing:
        return
    office = WorkCalendar.objects.standard()
    vip = Tier.objects.filter(code="vip").first()
    first, solve = Metric.FIRST_RESPONSE, Metric.RESOLUTION
    market, city = Channel.MARKET_12315, Channel.CITY_12345
    five_days = {"target_days": 5, "calendar": office}
    rows: list[tuple] = [
        ("三声内接听 · Picked up within three rings", Metric.RING, Channel.PHONE, "", None, {"target_seconds": 15}),
        ("30 秒内报出身份 · Identified within 30 s", Metric.IDENTIFY, Channel.PHONE, "", None, {"target_seconds": 30}),
        ("后续回复 24 小时 · Next reply in 24 h", Metric.NEXT_RESPONSE, "", "", None, {"target_seconds": 24 * HOUR}),
        ("服务方案 24 小时 · Service: proposal in 24 h", Metric.PROPOSAL, "", Kind.SERVICE, None,
         {"target_seconds": 24 * HOUR}),
        ("投诉调查 1 个工作日 · Complaint investigated in 1 working day", Metric.INVESTIGATION, "", Kind.COMPLAINT,
         None, {"target_days": 1, "calendar": office}),
        ("首响 24 小时 · First reply in 24 h", first, "", "", None, {"target_seconds": 24 * HOUR}),
        ("网页首响 4 小时 · Web first reply in 4 h", first, Channel.WEB, "", None, {"target_seconds": 4 * HOUR}),
        ("在线首响 1 分钟 · Chat answered in 60 s", first, Channel.CHAT, "", None, {"target_seconds": 60}),
        ("微信首响 10 分钟 · WeChat answered in 10 min", first, Channel.WECHAT, "", None, {"target_seconds": 600}),
        ("解决或方案 24 小时 · Solve or propose in 24 h", solve, "", "", None, {"target_seconds": 24 * HOUR}),
        ("咨询解决 4 小时 · Consult solved in 4 h", solve, "", Kind.CONSULT, None, {"target_seconds": 4 * HOUR}),
        ("投诉方案 5 个工作日 · Complaint solved in 5 working days", solve, "", Kind.COMPLAINT, None,
         five_days),
        ("催单 2 个工作小时内回应 · Chaser answered in 2 working hours", Metric.CHASER, "", "", None,
         {"target_seconds": 2 * HOUR, "calendar": office}),
        ("12345 首次联系 24 小时 · 12345: first contact in 24 h", first, city, "", None, {"target_seconds": 24 * HOUR}),
        ("12345 办结 5 个工作日 · 12345: settled in 5 working days", solve, city, "", None, five_days),
        ("12345 投诉办结 5 个工作日 · 12345: complaint settled in 5 working days", solve, city, Kind.COMPLAINT, None,
         five_days),
        ("12315 受理决定 7 个工作日 · 12315: acceptance decided in 7 working days", first, market, "", None,
         {"target_days": 7, "calendar": office}),
        ("12315 方案 5 个工作日 · 12315: solution in 5 working days", solve, market, "", None, five_days),
        ("12315 投诉方案 5 个工作日 · 12315: complaint solved in 5 working days", solve, market, Kind.COMPLAINT, None,
         five_days),
    ]
    if vip:
        rows += [
            ("贵宾首响 1 小时 · VIP first reply in 1 h", first, "", "", vip, {"target_seconds": HOUR}),
            ("贵宾投诉 2 个工作日 · VIP complaint in 2 working days", solve, "", Kind.COMPLAINT, vip,
             {"target_days": 2, "calendar": office}),
        ]
    for name, metric, channel, kind, tier, target in rows:
        changing = OnReclassify.RESTART if metric == solve else OnReclassify.KEEP
        if metric in missing:
            SLAPolicy.objects.create(
                name=name, metric=metric, channel=channel, kind=kind, tier=tier, on_reclassify=changing,
                is_default=not (channel or kind or tier), **target,
            )
