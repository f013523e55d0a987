"""Matters that stand open for what only few tickets have: an authority's clock, a service process, a call of ours."""

from desk.demo import words_zh
from desk.demo.cases import Case, Special
from desk.demo.standing import ANSWERED, RECORDED, SHEET, Standing
from messaging.models import Channel
from tickets.models import Cause, Kind

AUTHORITY = next(case for case in words_zh.CASES if isinstance(case, Special) and case.ground == "authority")
CITY = Case(
    Kind.COMPLAINT, "product-quality", "市民热线转办：停水后 {product} 出水发黄",
    "市民反映小区停水恢复后 {product} 出水发黄，多次联系网点未果，请核实并在时限内反馈办理结果。", "查明原因并处理",
    "{name}，您好！市民热线转办的事项已收到，由我负责，今天 17:30 前与您联系。",
    "已上门更换前置滤芯并冲洗管路，水质检测合格，已向热线反馈。", "处理及时，水恢复正常了。", Cause.ENVIRONMENT,
)
WATER = Case(
    Kind.SERVICE, "installation", "全屋净水改造：{place}，需出方案", "想做全屋净水，家里四口人，老房子水压偏低，先给我一个方案和报价。",
    "方案与报价确认后再施工", "{name}，您好！已收到您的需求，我核实户型和水压后给您方案。", "按方案完成改造并验收。", "方案清楚，施工规范。",
)
KITCHEN = Case(
    Kind.SERVICE, "installation", "厨房三件套换新并移机：{product}", "油烟机和洗碗机一起换，热水器要移到阳台，费用和工期请先说清楚。",
    "一次上门全部完成", "{name}，您好！需求已登记，我与网点核对后给您方案。", "换新与移机完成，试机正常。", "安排得很细致。",
)
FIRM = Case(
    Kind.SERVICE, "account", "企业客户开户：{place}门店 12 台设备", "我们新签了 12 台 {product} 的服务合同，请尽快开通服务帐号和巡检计划。",
    "本周内开通", "{name}，您好！合同已收到，我来办理开户，进度随时告知您。", "帐号已开通，巡检计划已排定。", "开通很快。",
)
FILTER = Case(
    Kind.SERVICE, "repair", "{product} 换芯后流量变小", "自己换了滤芯以后水流变小，按说明冲洗过还是一样，请帮忙看看。", "恢复正常流量",
    "{name}，您好！我稍后给您打电话，边看边排查。", "电话指导重装滤芯后恢复正常。", "电话里就解决了，谢谢。",
)
PLANNED = (*RECORDED, (60, "process"), (130, "need"), (190, "plan"))

MATTERS = (
    Standing(Kind.SERVICE, Channel.WEB, 1180, (*PLANNED, (240, "invite")), case=WATER),
    Standing(
        Kind.SERVICE, Channel.MAIL, 1360, (*PLANNED, (240, "invite"), (420, "accept"), (700, "work")), case=KITCHEN
    ),
    Standing(
        Kind.SERVICE, Channel.WEB, 2650,
        (*RECORDED, (60, "onboard"), (120, "need"), (300, "plan"), (330, "invite"), (900, "accept"), (1400, "review"),
         (1800, "review"), (2000, "work")),
        case=FIRM,
    ),
    Standing(Kind.COMPLAINT, Channel.MARKET_12315, 3100, SHEET, special=True, case=AUTHORITY),
    Standing(Kind.COMPLAINT, Channel.CITY_12345, 1290, (*ANSWERED, (40, "phone")), case=CITY),
    Standing(Kind.SERVICE, Channel.WECHAT, 200, (*RECORDED, (93, "dial"), (97, "hang_up")), case=FILTER),
    Standing(Kind.SERVICE, Channel.WEB, 175, (*RECORDED, (82, "dial"), (87, "no_answer")), case=FILTER),
)  # fmt: skip
