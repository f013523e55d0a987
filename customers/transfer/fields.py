"""What a column of a file may fill: its name, by which headings it is recognised, and how its text is read."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from core import phones
from customers import custom_fields
from customers.imports import FIELDS
from customers.models import Customer, CustomField, Order
from customers.transfer.refusals import BadValue

OLDEST = date(1880, 1, 1)
LATEST = date(2100, 1, 1)
DAY = re.compile(r"(\d{4})(?:([-/.年])(\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))(?:[ T].*)?")
# What a spreadsheet would run; a telephone number may begin with +, a figure with -.
FORMULA = re.compile(r"[=@\t\r]|[+-](?!\d)|[+-].*[|!]")
CONTACTS = ("phone", "email", "wechat", "address", "document")
WORDS = {
    "kind": {"person": "个人 个人客户 individual", "company": "企业 公司 单位 企业客户 business"},
    "language": {"zh-hans": "中文 简体中文 chinese zh", "en": "英文 英语 english"},
    "company_size": {"micro": "微型 <10", "small": "小型 10-99", "medium": "中型 100-499", "large": "大型 500+"},
    "stage": {"exploration": "考察期", "formation": "形成期", "stable": "稳定期", "decline": "退化期 衰退期"},
    "state": {
        "need": "需求咨询", "confirmed": "已确认", "planned": "已排期", "reconfirmed": "已二次确认",
        "shipped": "已发货", "delivered": "已送达 已交付 已签收", "installed": "已安装", "after_sale": "售后",
        "cancelled": "已取消",
    },
    "payment": {"prepaid": "预付 已付款", "on_delivery": "货到付款", "invoice": "月结 开票付款", "instalments": "分期"},
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A field that a column may fill; `names` are headings by which it is recognised."""

    code: str
    label: Any
    names: str
    read: Callable[[str], Any]
    required: bool = False


# --- How a text is read -----------------------------------------------------------------------------------


def text(longest: int) -> Callable[[str], str]:
    def read(written: str) -> str:
        if len(written) > longest:
            raise BadValue("long", longest)
        if "\0" in written:
            raise BadValue("nul")
        return written

    return read


def phone(written: str) -> str:
    try:
        return phones.normalise(written)
    except phones.BadPhone:
        raise BadValue("phone", written) from None


def email(written: str) -> str:
    try:
        validate_email(written)
    except ValidationError:
        raise BadValue("email", written) from None
    if len(written) > 254:
        raise BadValue("long", 254)
    return written.lower()


def day(written: str, latest: date = LATEST) -> date:
    found = DAY.fullmatch(unicodedata.normalize("NFKC", written))
    if not found:
        raise BadValue("date", written)
    year, _sign, month, number, packed_month, packed_day = found.groups()
    try:
        read = date(int(year), int(month or packed_month), int(number or packed_day))
    except ValueError:
        raise BadValue("date", written) from None
    if not OLDEST <= read <= latest:
        raise BadValue("range", read)
    return read


def past_day(written: str) -> date:
    return day(written, date.today())  # noqa: DTZ011 - the machine's day and the desk's differ by hours, not centuries


def figure(written: str) -> Decimal:
    try:
        found = Decimal(unicodedata.normalize("NFKC", written).replace(",", "").lstrip("¥￥$ "))
        if not found.is_finite() or abs(found) >= 10**10:
            raise ValueError
    except (InvalidOperation, ValueError):
        raise BadValue("number", written) from None
    return found


def amount(written: str) -> Decimal:
    if (found := figure(written)) < 0:
        raise BadValue("negative")
    return round(found, 2)


def count(written: str) -> int:
    found = figure(written)
    if found != int(found) or not 1 <= found <= 1_000_000:
        raise BadValue("number", written)
    return int(found)


def choice(code: str, choices: Iterable[tuple[str, Any]]) -> Callable[[str], str]:
    """By its code, its label in either language, or the words in use for it."""
    known = {value.lower(): value for value, _label in choices}
    for value, label in choices:
        known[str(label).lower()] = value
        known |= dict.fromkeys(WORDS.get(code, {}).get(value, "").split(), value)

    def read(written: str) -> str:
        try:
            return known[written.lower()]
        except KeyError:
            raise BadValue("choice", written) from None

    return read


def document(written: str) -> str:
    return text(40)(re.sub(r"[\s-]", "", written).upper())


# --- What may be filled -----------------------------------------------------------------------------------


def customer_columns() -> list[Column]:
    def words(code: str):
        return text(FIELDS[code].longest)

    return [
        Column("external_id", _("number in the other system"),
               "编号 客户编号 客户号 会员号 外部编号 customerid customerno externalid id", words("external_id")),
        Column("name", _("name"), "姓名 客户名称 客户姓名 名称 联系人 name customername fullname",
               words("name"), True),
        Column("phone", _("phone"), "电话 手机 手机号 手机号码 联系电话 电话号码 phone mobile telephone tel", phone),
        Column("email", _("mail"), "邮箱 电子邮箱 邮件 电子邮件 email mail e-mail emailaddress", email),
        Column("wechat", _("WeChat"), "微信 微信号 wechat weixin", text(120)),
        Column("address", _("address"), "地址 联系地址 通讯地址 详细地址 address", words("address")),
        Column("document", _("document number"), "证件号 证件号码 身份证 身份证号 documentnumber idcard", document),
        Column("kind", _("kind"), "类型 客户类型 kind type", choice("kind", Customer.Kind.choices)),
        Column("company", _("company"), "公司 公司名称 单位 企业名称 company organisation", words("company")),
        Column("occupation", _("occupation"), "职业 职务 职位 occupation job position", words("occupation")),
        Column("industry", _("industry"), "行业 所属行业 industry sector", words("industry")),
        Column("company_size", _("company size"), "规模 公司规模 企业规模 companysize size",
               choice("company_size", Customer.Size.choices)),
        Column("language", _("language"), "语言 language lang", choice("language", settings.LANGUAGES)),
        Column("birthday", _("birthday"), "生日 出生日期 birthday birthdate dateofbirth", past_day),
        Column("spend", _("spent"), "消费 消费金额 累计消费 spend spent totalcharges revenue", amount),
        Column("since", _("customer since"), "开户日期 注册日期 成为客户日期 since customersince joined", past_day),
        *(_custom(field) for field in custom_fields.active()),
    ]  # fmt: skip


def order_columns() -> list[Column]:
    return [
        Column("code", _("order number"), "订单号 订单编号 单号 order orderno ordernumber code", text(40), True),
        Column("external_id", _("customer's number in the other system"),
               "客户编号 客户号 会员号 customerid customerno externalid", text(80)),
        Column("phone", _("customer's phone"), "电话 手机 手机号 联系电话 phone mobile tel", phone),
        Column("email", _("customer's mail"), "邮箱 电子邮箱 email mail", email),
        Column("product", _("model"), "型号 产品 产品型号 商品 商品名称 product model item", text(80), True),
        Column("specification", _("specification"), "规格 specification spec", text(200)),
        Column("quantity", _("quantity"), "数量 quantity qty", count),
        Column("price", _("price"), "单价 价格 price unitprice", amount),
        Column("serial", _("serial number"), "序列号 机身号 sn serial serialnumber", text(60)),
        Column("warranty_until", _("warranty until"), "保修到期 质保期至 warranty warrantyuntil", day),
        Column("amount", _("amount"), "金额 订单金额 总价 amount total", amount),
        Column("address", _("delivery address"), "收货地址 送货地址 地址 deliveryaddress address", text(400)),
        Column("state", _("state"), "状态 订单状态 state status", choice("state", Order.State.choices)),
        Column("payment", _("payment"), "付款方式 支付方式 payment", choice("payment", Order.Payment.choices)),
        Column("paid_on", _("paid on"), "付款日期 支付日期 paidon paid", past_day),
        Column("placed_at", _("placed"), "下单日期 下单时间 订单日期 placed orderdate date", past_day),
        Column("planned_on", _("delivery on"), "交货日期 计划交货日期 送货日期 deliverydate plannedon", day),
        Column("need", _("need"), "需求 备注 need note", text(400)),
    ]  # fmt: skip


def columns_for(what: str) -> list[Column]:
    return order_columns() if what == "orders" else customer_columns()


def guess(header: list[str], columns: Collection[Column]) -> dict[str, str]:
    """{field: heading} for the headings that name a field, the plainest first; no heading serves twice."""
    plain = {name: re.sub(r"[\s_\-*:：()（）/]", "", unicodedata.normalize("NFKC", name)).lower() for name in header}
    found: dict[str, str] = {}
    for column in columns:
        known = {*column.names.split(), column.code.replace("_", ""), str(column.label).lower()}
        for name, word in plain.items():
            if word in known and name not in found.values():
                found[column.code] = name
                break
    return found


def _custom(field: CustomField) -> Column:
    code = {CustomField.Kind.TEXT.value: "long"}.get(field.kind, field.kind)

    def read(written: str) -> Any:
        try:
            return custom_fields.read(field, written)
        except custom_fields.BadValue:
            raise BadValue(code, custom_fields.LONGEST if code == "long" else written) from None

    names = f"{field.code} {field.name_zh} {field.name_en}".lower().replace("_", "")
    return Column(f"attributes.{field.code}", str(field), names, read)
