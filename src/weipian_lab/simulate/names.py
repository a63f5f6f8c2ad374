"""Invented names and codes; land-class names of the third national survey."""

from __future__ import annotations

__all__ = ["ADMIN_CODE", "ADMIN_NAME", "DLMC", "village_code", "village_name"]

ADMIN_CODE = "649901"  # no real county has this code
ADMIN_NAME = "演示县（模拟）"

DLMC = {
    "0101": "水田",
    "0102": "水浇地",
    "0103": "旱地",
    "0201": "果园",
    "0204": "其他园地",
    "0301": "乔木林地",
    "0305": "灌木林地",
    "0307": "其他林地",
    "0401": "天然牧草地",
    "0404": "其他草地",
    "05H1": "商业服务业设施用地",
    "0508": "物流仓储用地",
    "0601": "工业用地",
    "0602": "采矿用地",
    "0701": "城镇住宅用地",
    "0702": "农村宅基地",
    "08H2": "科教文卫用地",
    "0810": "公园与绿地",
    "1003": "公路用地",
    "1004": "城镇村道路用地",
    "1006": "农村道路",
    "1102": "湖泊水面",
    "1104": "坑塘水面",
    "1104A": "养殖坑塘",
    "1106": "内陆滩涂",
    "1101": "河流水面",
    "1107": "沟渠",
    "1107A": "干渠",
    "1108": "沼泽地",
    "1201": "空闲地",
    "1202": "设施农用地",
    "1204": "盐碱地",
    "1205": "沙地",
    "1206": "裸土地",
}

_FIRST = "唐汉惠秦西永长平金丰红杨李王马沙柳桃河新"
_SECOND = "渠湖桥闸滩堡墩庙林营寨湾坝沟口"


def village_code(number: int) -> str:
    """Return the invented 12-digit code of a village, padded to the 19 characters of the database."""
    return f"{ADMIN_CODE}{100 + int(number) // 20:03d}{200 + int(number) % 20:03d}0000000"


def village_name(number: int) -> str:
    """Return the invented name of a village."""
    n = int(number)
    return f"{_FIRST[n % len(_FIRST)]}{_SECOND[(n // len(_FIRST) + n) % len(_SECOND)]}村"
