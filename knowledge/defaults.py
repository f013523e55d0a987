"""The reply templates, wording rules and call scripts that a new installation starts with; the admin's from then on."""

from knowledge.models import ReplyTemplate, Script, ScriptLine, WordingRule
from knowledge.script_defaults import STANDARD

TEMPLATES = [
    ("zh-hans", "核实后答复", "{customer}，您好：\n\n感谢您的来信。您反映的情况我已记录（工单 {number}），我核实后{due} 前给您答复。"
                          "\n\n{company} {agent}"),
    ("zh-hans", "致歉并说明进度", "{customer}，您好：\n\n给您带来不便，我们深表歉意。目前的进度是：\n\n"
                            "我会在{due} 前主动联系您。\n\n{company} {agent}"),
    ("zh-hans", "请客户确认方案", "{customer}，您好：\n\n我们为您准备了以下方案，请您确认：\n\n收到您的确认后，我马上为您安排。"
                            "\n\n{company} {agent}"),
    ("en", "Check and answer", "Dear {customer},\n\nthank you for your message. I have recorded it as {number}; I will check and "
                               "answer you by {due}.\n\n{agent}, {company}"),
    ("en", "Regret and progress", "Dear {customer},\n\nwe are sorry for the trouble. Where things stand:\n\n"
                                  "I will contact you again by {due}.\n\n{agent}, {company}"),
    ("en", "Confirm the proposal", "Dear {customer},\n\nthis is what we can do:\n\nPlease tell us whether it suits you; I will "
                                   "arrange it at once.\n\n{agent}, {company}"),
]  # fmt: skip

# P0: 您好 for 喂, 请 for 啊, no 推诿; C7: unsolved → explain and give the next update time.
RULES = [  # language, flaw, phrases, harmless within, place, an offer replaces, offers
    ("zh-hans", "colloquial", "喂\n哎\n嘿\n哈喽", "", "alone", "word", "您好"),
    ("zh-hans", "colloquial", "你好", "", "any", "word", "您好"),
    ("zh-hans", "colloquial", "你们\n你", "迷你", "any", "word", "您"),
    ("zh-hans", "colloquial", "咋办\n咋整\n咋回事\n咋样", "", "any", "word", "如何处理"),
    ("zh-hans", "colloquial", "搞定\n弄好\n搞好", "", "any", "word", "处理好"),
    ("zh-hans", "colloquial", "没事儿\n没啥事", "", "any", "word", "请您放心"),
    ("zh-hans", "filler", "啊\n呀\n嘛\n哈\n呗\n咯", "", "end", "word", ""),
    ("zh-hans", "missing", "提供一下\n提供下\n发一下\n发下\n拍一下\n拍张\n告诉我\n说一下\n等一下\n稍等\n等着\n填一下\n填写\n重启一下\n试一下\n试试\n看一下\n检查一下\n确认一下\n联系我们\n拨打热线", "",
     "start", "word", "请\n麻烦您"),
    ("zh-hans", "missing", "您提供\n您发\n您拍\n您稍等\n您等\n您填\n您试\n您检查\n您确认一下\n您联系", "", "start", "word", "请"),
    ("zh-hans", "shirking", "不归我管\n不归我们管\n不是我负责\n不是我们负责\n不是我的问题\n不是我们的问题\n不关我事\n不关我们的事\n跟我们没关系\n与我们无关\n我管不了\n我们管不了\n找别的部门\n你找别人\n您找别人\n自己联系厂家\n自己去问\n打别的电话", "",
     "any", "clause", "我为您联系负责的同事，{due} 前给您答复\n我为您转给负责的部门，并跟进到解决"),
    ("zh-hans", "shirking", "这是规定\n公司规定\n规定就是这样\n系统就是这样\n我也没办法\n我只是客服", "", "any", "clause",
     "我向您说明一下原因，并看看还能为您做什么\n我为您反映上去，{due} 前给您答复"),
    ("zh-hans", "refusal", "没办法\n办不了\n不可能\n做不到\n不行\n没法", "行不行\n可不可能\n有没办法", "any", "clause",
     "我目前能为您做的是：\n如需其他时段或方案，我为您协调"),
    ("zh-hans", "vague", "尽快\n马上\n过几天\n过两天\n这几天\n过一阵\n过段时间\n改天\n回头\n有空\n到时候再说\n等通知\n差不多\n应该可以\n应该没问题\n应该会\n应该能\n大概\n可能吧\n也许\n不太清楚\n不清楚\n不知道", "有空调\n马上为您安排", "any", "clause",
     "我核实后{due} 前答复您\n我核实后再给您准确的时间"),
    ("en", "colloquial", "hey\nhey there\nyo\nhi guys", "", "start", "word", "Hello"),
    ("en", "colloquial", "gonna", "", "any", "word", "going to"),
    ("en", "colloquial", "wanna", "", "any", "word", "want to"),
    ("en", "colloquial", "no problem\nno worries", "", "any", "word", "You are welcome"),
    ("en", "missing", "send us\nsend me\ngive us\ngive me\ntell us\ntell me\nwait\ncall us", "", "start", "word",
     "Please"),
    ("en", "shirking", "not my job\nnot our job\nnot my department\nnot our department\nnot my problem\nnot our problem\nnot my fault\nnot our fault\nyou should have\nyou need to contact\nnothing to do with us\nask someone else\ncompany policy\nI just work here", "",
     "any", "clause", "I will arrange it with the colleague in charge; you will hear from us by {due}\nI will pass this on and stay with it until it is solved"),
    ("en", "refusal", "we can't\nwe cannot\nI can't\nI cannot\nimpossible\nthere is nothing I can do\nthere's nothing we can do", "",
     "any", "clause", "What I can do for you is:\nIf you need another time or way, I will arrange it"),
    ("en", "vague", "as soon as possible\nASAP\nsoon\nshortly\nin a few days\nin due course\nshould be able to\nshould be fine\nprobably\nmaybe\nI guess\nsometime\nwe'll see\nno idea\nI don't know", "as soon as\ntoo soon", "any", "clause",
     "I will check and answer you by {due}\nI will check first and then give you a firm time"),
]  # fmt: skip


def fill() -> None:
    """Writes the standard templates, wording rules and call scripts where there are none."""
    if not ReplyTemplate.objects.exists():
        ReplyTemplate.objects.bulk_create(
            ReplyTemplate(language=language, name=name, body=body) for language, name, body in TEMPLATES
        )
    if not WordingRule.objects.exists():
        names = ("language", "flaw", "phrases", "unless", "place", "replaces", "offers")
        WordingRule.objects.bulk_create(WordingRule(**dict(zip(names, rule, strict=True))) for rule in RULES)
    if not Script.objects.exists():
        _fill_scripts()


def _fill_scripts() -> None:
    for (direction, language), words in STANDARD.items():
        script = Script.objects.create(direction=direction, language=language)
        ScriptLine.objects.bulk_create(
            ScriptLine(script=script, step=step, sentence=sentence, hint=hint) for step, sentence, hint in words
        )
