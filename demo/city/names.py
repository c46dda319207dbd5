"""Names, Chinese with their romanisation: streets, communities, roads, villages, estates. None names a person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Name:
    """A name in Chinese and in English."""

    zh: str
    en: str


CITY = Name("澄江市", "Chengjiang City")
PROVINCE = Name("南岭省", "Nanling Province")
DISTRICT = Name("云岭区", "Yunling District")
STREETS = [
    Name("石桥街道", "Shiqiao Subdistrict"),
    Name("滨河街道", "Binhe Subdistrict"),
    Name("文澜街道", "Wenlan Subdistrict"),
    Name("白石镇", "Baishi Town"),
]
_COMMUNITIES = [
    "石桥 Shiqiao,东门 Dongmen,钟鼓楼 Zhonggulou,北关 Beiguan,永安 Yong'an,槐荫 Huaiyin,盐市口 Yanshikou,"
    "长兴 Changxing,西岳 Xiyue,裕华 Yuhua,青年路 Qingnianlu,火车站 Huochezhan,新丰 Xinfeng,"
    "荷花池 Hehuachi,古井 Gujing,仁和 Renhe,"
    "三元里 Sanyuanli,福星 Fuxing,桂花街 Guihuajie,朝阳 Chaoyang",
    "临江 Linjiang,柳堤 Liudi,望江 Wangjiang,渡口 Dukou,沙洲 Shazhou,金沙湾 Jinshawan,江南 Jiangnan,鹭岛 Ludao,"
    "观澜 Guanlan,船厂 Chuanchang,新港 Xingang,白鹭 Bailu,东湖 Donghu,星河 Xinghe,滨江 Binjiang,丰泽 Fengze,"
    "锦江 Jinjiang,汇源 Huiyuan,高新 Gaoxin,科创 Kechuang",
    "文澜 Wenlan,书院 Shuyuan,学府 Xuefu,翠湖 Cuihu,南湾 Nanwan,凤鸣 Fengming,紫荆 Zijing,松涛 Songtao,"
    "兰亭 Lanting,丹桂 Dangui,梅园 Meiyuan,云山 Yunshan,南苑 Nanyuan,月牙塘 Yueyatang,文昌 Wenchang,百花 Baihua,"
    "玉泉 Yuquan,景明 Jingming,茂源 Maoyuan,清水 Qingshui",
    "白石 Baishi,竹坪 Zhuping,云溪 Yunxi,茶园 Chayuan,松岭 Songling,大湾 Dawan,龙潭 Longtan,石门 Shimen,"
    "杉树坳 Shanshu'ao,黄泥坡 Huangnipo,红岩 Hongyan,梨树垭 Lishuya,双河口 Shuanghekou,马鞍 Ma'an,青杠林 Qingganglin,"
    "高坪 Gaoping,水井湾 Shuijingwan,响水 Xiangshui,银杏 Yinxing,核桃坪 Hetaoping",
]
RING = [
    Name("环城西路", "Huancheng West Road"),
    Name("环城东路", "Huancheng East Road"),
    Name("环城南路", "Huancheng South Road"),
    Name("环城北路", "Huancheng North Road"),
]
AVENUES_NS = (
    "人民路 Renmin Road,中山路 Zhongshan Road,解放路 Jiefang Road,建设路 Jianshe Road,文澜路 Wenlan Road,"
    "青云路 Qingyun Road,长虹路 Changhong Road,凤凰路 Fenghuang Road,科技路 Keji Road,迎宾路 Yingbin Road,"
    "芙蓉路 Furong Road,韶华路 Shaohua Road,车站路 Chezhan Road,工业路 Gongye Road,金鼎路 Jinding Road,"
    "天门路 Tianmen Road,玉皇路 Yuhuang Road,鹤鸣路 Heming Road,九龙路 Jiulong Road,昆仑路 Kunlun Road"
)
AVENUES_EW = (
    "云岭大道 Yunling Avenue,石桥大街 Shiqiao Street,和平大街 Heping Street,文昌大街 Wenchang Street,"
    "白石大道 Baishi Avenue,南湖大道 Nanhu Avenue,兴业大街 Xingye Street,北辰大街 Beichen Street,"
    "锦绣大道 Jinxiu Avenue,府前街 Fuqian Street,东风大街 Dongfeng Street,龙泉大街 Longquan Street,"
    "望江大道 Wangjiang Avenue,丰收大街 Fengshou Street,创新大道 Chuangxin Avenue,松涛大街 Songtao Street,"
    "银河大道 Yinhe Avenue,古城大街 Gucheng Street,翠屏大街 Cuiping Street,新华大街 Xinhua Street"
)
_FIRST = (
    "安 An,永 Yong,和 He,长 Chang,金 Jin,玉 Yu,清 Qing,春 Chun,秋 Qiu,瑞 Rui,福 Fu,锦 Jin,祥 Xiang,华 Hua,"
    "嘉 Jia,庆 Qing,同 Tong,德 De,景 Jing,兰 Lan,梧 Wu,桂 Gui,竹 Zhu,松 Song,柳 Liu,荷 He,枫 Feng,梅 Mei,"
    "晴 Qing,朝 Zhao,望 Wang,临 Lin,听 Ting,澄 Cheng,碧 Bi,翠 Cui"
)
_SECOND = (
    "宁 ning,兴 xing,康 kang,泰 tai,乐 le,源 yuan,丰 feng,安 an,平 ping,明 ming,阳 yang,溪 xi,泉 quan,桥 qiao,"
    "井 jing,亭 ting,台 tai,园 yuan,塘 tang,湾 wan,坊 fang,林 lin,竹 zhu,月 yue,霞 xia,风 feng,雨 yu,岚 lan"
)
_ESTATE = (
    "花园 Garden,家园 Homes,小区 Estate,雅苑 Court,新村 New Village,公馆 Residence,名苑 Manor,华庭 Terrace,里 Lane,"
    "水岸 Waterside,府 Mansion,苑 Yuan"
)
_VILLAGE = "湾 wan,坪 ping,坡 po,垭 ya,冲 chong,沟 gou,塘 tang,坝 ba,岩 yan,溪 xi,岭 ling,坳 ao"


def _pairs(text: str) -> list[Name]:
    out = []
    for item in text.split(","):
        zh, _, en = item.partition(" ")
        out.append(Name(zh, en))
    return out


PEAKS = _pairs(
    "云岭 Yunling,望江峰 Wangjiang Peak,白石尖 Baishi Peak,松涛岭 Songtao Ridge,鹰嘴岩 Yingzui Rock,"
    "大尖山 Dajian Hill,青龙山 Qinglong Hill,笔架山 Bijia Hill,凤凰岭 Fenghuang Ridge,文澜山 Wenlan Hill,"
    "石门岭 Shimen Ridge,莲花峰 Lianhua Peak"
)


def community_names(street: int, count: int) -> list[Name]:
    """Names of a street's communities; the town's are villages but for its seat."""
    base = _pairs(_COMMUNITIES[street])
    out = []
    for i in range(count):
        name = base[i % len(base)]
        suffix = "" if i < len(base) else "二三四五六"[i // len(base) - 1]
        village = street == 3 and i > 0
        kind, kind_en = ("村", "Village") if village else ("社区", "Community")
        out.append(Name(f"{name.zh}{suffix}{kind}", f"{name.en} {kind_en}"))
    return out


def avenue_names(ns: bool) -> list[Name]:
    """Names of the main roads that run north-south or east-west."""
    return _pairs(AVENUES_NS if ns else AVENUES_EW)


class NamePool:
    """Draws names without repeating one, from the combinations of auspicious and landscape characters."""

    def __init__(self, rng: np.random.Generator) -> None:
        """Shuffle the combinations."""
        combos = [Name(a.zh + b.zh, a.en + b.en) for a in _pairs(_FIRST) for b in _pairs(_SECOND)]
        self._stems = [combos[i] for i in rng.permutation(len(combos))]
        self._rng = rng
        self._taken: dict[str, int] = {}

    def _next(self, family: str) -> tuple[Name, str]:
        i = self._taken.get(family, 0)
        self._taken[family] = i + 1
        turn = i // len(self._stems)
        # different families start elsewhere in the list, so a road and an estate beside it rarely share a stem
        start = sum(map(ord, family)) * 37
        return self._stems[(i + start) % len(self._stems)], "" if turn == 0 else str(turn + 1)

    def road(self, ns: bool) -> Name:
        """Name of a minor street: 路 runs north-south, 街 east-west."""
        stem, turn = self._next("road")
        return Name(f"{stem.zh}{turn}{'路' if ns else '街'}", f"{stem.en}{turn} {'Road' if ns else 'Street'}")

    def estate(self) -> Name:
        """Name of a housing estate."""
        stem, turn = self._next("estate")
        kinds = _pairs(_ESTATE)
        kind = kinds[int(self._rng.integers(len(kinds)))]
        return Name(f"{stem.zh}{kind.zh}{turn}", f"{stem.en} {kind.en}{turn}")

    def plain(self, family: str) -> Name:
        """Give a bare stem, to be completed by the caller."""
        stem, turn = self._next(family)
        return Name(stem.zh + turn, stem.en + turn)

    def village(self) -> Name:
        """Name of a hamlet, ending as villages in hills do."""
        stem, turn = self._next("village")
        kinds = _pairs(_VILLAGE)
        kind = kinds[int(self._rng.integers(len(kinds)))]
        return Name(f"{stem.zh}{kind.zh}{turn}", f"{stem.en}{kind.en}{turn}")
