"""Made-up names for records that have none: the same record always gets the same name, and nobody's."""

import hashlib

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_FIRST = "子雨思佳志明文俊晓海建美雅静丽春秋国永家欣慧梦诗宇浩天泽嘉一景若书清云亦安可乐"
_SECOND = "轩涵怡琪强芳娟敏杰磊军洋勇艳娜秀英华玉萍红玲芬燕平刚桂辉宁波涛昊然辰悦彤琳瑶菲萱"


def name_of(identity: str) -> str:
    """A Chinese name of two or three characters, derived from `identity` alone."""
    digest = hashlib.sha256(identity.encode()).digest()
    surname = _SURNAMES[int.from_bytes(digest[:4]) % len(_SURNAMES)]
    first = _FIRST[int.from_bytes(digest[4:8]) % len(_FIRST)] if digest[12] % 5 else ""
    return surname + first + _SECOND[int.from_bytes(digest[8:12]) % len(_SECOND)]
