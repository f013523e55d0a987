"""The sentences of the standard actions as the procedure words them (P4): (step, what to say, hint)."""

# Invented values for the preview.
SAMPLE = {
    "customer": "王小雨", "number": "T-1024", "subject": "净水机滤芯接口漏水", "agent": "李娜", "team": "华东一组",
    "company": "客服中心", "day": "11-20",
}
IN_ZH = [
    ("open", "您好，这里是{company}，我是{agent}，请问有什么可以帮您？", "报公司和姓名"),
    ("listen", "嗯，您请继续讲。", "用心聆听，不打断"),
    ("note", "我正在为您记录。", "分类、事实、诉求"),
    ("answer", "您的问题主要是{subject}，对吗？", "先确认，再答复并约定时间"),
    ("end", "请问还需要其它的帮助吗？感谢您的来电，再见！", "复述并致谢，客户先挂机"),
]
IN_EN = [
    ("open", "Hello, this is {agent} of {company}. How may I help you?", "Name yourself and the company"),
    ("listen", "Yes, please go on.", "Who calls, and why"),
    ("note", "I am writing this down for you.", "Class, facts, wish"),
    ("answer", "Your question is mainly about {subject}, is that right?", "Confirm, then offer and deadline"),
    ("end", "Is there anything else I can help you with? Thank you for calling.",
     "Recap, thank; the caller hangs up first"),
]  # fmt: skip
OUT_ZH = [
    ("prepare", "", "看过工单和承诺，准备好客户资料再拨号"),
    ("identify", "{customer}，您好，我是{company}的客服专员{agent}，想耽误您几分钟做个简单回访，可以吗？",
     "表明身份，征得客户同意"),
    ("state", "{day}我们为您处理了“{subject}”，现在使用效果如何？", "说明为哪件事来电"),
    ("explore", "您对这次服务的时效、专业、效果和态度是否满意？", "逐项评分，记下客户原话"),
    ("end", "非常抱歉打扰您了，感谢您的支持。以后如有疑问，欢迎随时拨打我们的服务热线。再见！",
     "告知热线，客户先挂机"),
]  # fmt: skip
OUT_EN = [
    ("prepare", "", "Read the ticket and what was promised, then dial"),
    ("identify", "Good day, {customer}. This is {agent} of {company}. May I take a few minutes for a short callback?",
     "Name yourself, ask for time"),
    ("state", "On {day} we dealt with this for you: {subject}. Is it solved, and how does it work for you now?",
     "Say what the call is about"),
    ("explore", "Were you content with how fast, how expert, how effective and how friendly we were?",
     "Rate each; note the customer's own words"),
    ("end", "Thank you for your time. If anything else comes up, our hotline is always there for you.",
     "Name the hotline; the customer hangs up first"),
]  # fmt: skip
STANDARD = {("in", "zh-hans"): IN_ZH, ("in", "en"): IN_EN, ("out", "zh-hans"): OUT_ZH, ("out", "en"): OUT_EN}
