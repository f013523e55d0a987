"""What customers and agents write, in Chinese and English: enough words to look like a desk, few enough to be cheap."""

SURNAMES = list("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹")
GIVEN = [
    "小雨", "志强", "丽华", "建国", "欣怡", "浩然", "秀英", "子轩", "美玲", "伟", "静", "思远", "雅琴", "俊杰",
    "晓燕", "国庆", "佳怡", "明", "雪梅", "宇航",
]
FIRST = [
    "James", "Mary", "Robert", "Linda", "David", "Emma", "Daniel", "Grace", "Peter", "Alice", "Thomas", "Helen",
    "Mark", "Susan", "Kevin", "Laura",
]
LAST = [
    "Smith", "Johnson", "Brown", "Wilson", "Taylor", "Clark", "Lewis", "Walker", "Hall", "Young", "King",
    "Wright", "Hill", "Green", "Baker", "Carter",
]
COMPANIES = [
    "恒信商贸有限公司", "华南物业服务中心", "新城酒店管理公司", "蓝海餐饮集团", "Northwind Trading",
    "Contoso Hotels",
]
PRODUCTS_ZH = [
    "净水机", "空气净化器", "智能门锁", "洗碗机", "扫地机器人", "电热水器", "新风系统", "饮水机", "油烟机",
    "烘干机",
]
PRODUCTS_EN = ["water purifier", "air purifier", "smart lock", "dishwasher", "robot vacuum", "water heater", "dryer"]

# (topic code, summaries in Chinese, summaries in English); {0} is a product.
TOPICS = {
    "consult": [
        ("product-info", ["{0}滤芯多久更换一次", "{0}能否接入智能家居"], ["How often to change the {0} filter"]),
        ("order-progress", ["{0}订单什么时候发货", "{0}物流三天没有更新"], ["When will my {0} order ship"]),
        ("price", ["{0}以旧换新怎么折算", "会员购买{0}有没有优惠"], ["Trade-in offer for the {0}"]),
    ],
    "service": [
        ("installation", ["预约{0}上门安装", "{0}安装时间改到周末"], ["Book installation of a {0}"]),
        ("repair", ["{0}漏水需要维修", "{0}开机报错 E4", "{0}噪音很大"], ["The {0} leaks", "The {0} shows error E4"]),
        ("refund", ["{0}退货后退款未到账"], ["Refund for the returned {0} not received"]),
        ("invoice", ["{0}补开增值税发票"], ["Invoice for the {0} is missing"]),
        ("account", ["积分没有到账", "会员等级显示不对"], ["Loyalty points are missing"]),
    ],
    "complaint": [
        ("product-quality", ["投诉{0}使用一个月就坏了"], ["Complaint: the {0} broke after a month"]),
        ("service-attitude", ["投诉{0}安装师傅态度差"], ["Complaint about the {0} technician"]),
        ("delivery", ["投诉{0}配送一再延误"], ["Complaint: {0} delivered late twice"]),
        ("billing", ["投诉{0}重复扣款"], ["Complaint: charged twice for the {0}"]),
    ],
}

INBOUND_ZH = [
    "上周在官网下的单，到现在还没有消息。", "早上发现机器下面有水，接口处一直在滴。",
    "打过两次电话都说会回复，没有人联系我。", "请尽快安排师傅上门，我周六全天在家。",
    "订单号和照片都在附件里，麻烦看一下。", "如果本周解决不了，我希望退款。",
    "型号是去年买的那一款，保修期还没有过。", "家里有老人和孩子，希望能优先处理。",
]
REPLY_ZH = [
    "您好，您的来信我们已经收到，正在为您核实。", "已经联系安装部门，师傅会提前一小时与您电话确认。",
    "退款已提交财务审核，预计三个工作日内原路退回。", "给您带来不便非常抱歉，我们明天中午前给您答复。",
    "滤芯接口的垫圈已经寄出，请您注意查收。", "感谢您的耐心等待，请问还需要其它的帮助吗？",
]
NOTE_ZH = [
    "已与仓库核实，缺货到周四。", "客户情绪激动，注意措辞。", "师傅反馈水压过高，建议加装减压阀。",
    "照片清晰，符合换新条件。",
]
INBOUND_EN = [
    "I ordered last week and have not heard anything since.", "There was water under the machine this morning.",
    "I called twice and nobody called back.", "Please send a technician; I am at home all Saturday.",
    "The order number and pictures are attached.", "If this is not solved this week I would like a refund.",
]
REPLY_EN = [
    "Thank you for your message; we are looking into it.", "The technician will call an hour before the visit.",
    "The refund has been approved and takes three working days.",
    "We are sorry; you will hear from us by noon tomorrow.",
]
NOTE_EN = ["Warehouse says out of stock until Thursday.", "Pictures are clear; replacement is due."]
VOICES = {
    "zh-hans": {"inbound": INBOUND_ZH, "reply": REPLY_ZH, "note": NOTE_ZH},
    "en": {"inbound": INBOUND_EN, "reply": REPLY_EN, "note": NOTE_EN},
}
