"""The topics that a new installation starts with, and the words that speak for each until enough has been learned."""

from tickets.models import Category, Kind, TopicRule

CATEGORIES = [
    ("product-info", "产品咨询", "Product question", Kind.CONSULT),
    ("order-progress", "订单进度", "Order progress", Kind.CONSULT),
    ("price", "价格与优惠", "Price and offers", Kind.CONSULT),
    ("installation", "安装预约", "Installation", Kind.SERVICE),
    ("repair", "维修", "Repair", Kind.SERVICE),
    ("return-exchange", "退换货", "Return or exchange", Kind.SERVICE),
    ("refund", "退款", "Refund", Kind.SERVICE),
    ("invoice", "发票", "Invoice", Kind.SERVICE),
    ("account", "账号与积分", "Account and points", Kind.SERVICE),
    ("product-quality", "产品质量", "Product quality", Kind.COMPLAINT),
    ("service-attitude", "服务态度", "Service attitude", Kind.COMPLAINT),
    ("delivery", "物流配送", "Delivery", Kind.COMPLAINT),
    ("billing", "收费争议", "Billing dispute", Kind.COMPLAINT),
    ("other", "其他", "Other", ""),
]
UNDER = {"refund": "return-exchange"}
WORDS = {
    "product-info": "型号, 区别, 参数, 规格, 功能, 适用, 兼容, difference, model, specification, feature, compatible",
    "order-progress": "进度, 到哪, 什么时候发货, 什么时候到, 物流信息, tracking, status, when will it arrive, shipped",
    "price": "价格, 优惠, 折扣, 活动, 多少钱, 报价, price, discount, offer, quote, how much",
    "installation": "安装, 预约, 上门安装, 打孔, install, installation, appointment, fitting",
    "repair": "维修, 故障, 漏水, 不出水, 坏了, 异响, 保修, repair, broken, leak, fault, warranty, noise",
    "return-exchange": "退货, 换货, 退换, 七天无理由, return, exchange, replace",
    "refund": "退款, 退钱, 到账, 退回, refund, money back",
    "invoice": "发票, 开票, 税号, 抬头, 专票, invoice, tax number",
    "account": "账号, 登录, 密码, 积分, 会员, account, login, password, points, membership",
    "product-quality": "质量, 破损, 次品, 瑕疵, 假货, 掉漆, quality, defect, defective, damaged, counterfeit",
    "service-attitude": "态度, 没人管, 推诿, 不耐烦, 挂电话, rude, attitude, nobody answers, hung up",
    "delivery": "送错, 没收到, 丢件, 晚到, 配送, 快递, not delivered, late delivery, courier, wrong item",
    "billing": "多收, 乱收费, 扣款, 重复扣, 收费, overcharged, charged twice, billing",
}


def fill() -> None:
    """Writes the standard topics and their words where there are none."""
    if Category.objects.exists():
        return
    made = Category.objects.bulk_create(
        Category(code=code, name_zh=zh, name_en=en, kind=kind, position=10 * at)
        for at, (code, zh, en, kind) in enumerate(CATEGORIES)
    )
    topics = {topic.code: topic for topic in made}
    for code, above in UNDER.items():
        topics[code].parent = topics[above]
        topics[code].save()
    TopicRule.objects.bulk_create(TopicRule(category=topics[code], words=words) for code, words in WORDS.items())
