"""How Chinese characters sound, without tones: for sorting and for search by pinyin.

The readings come from pypinyin's table of single characters. Which of several readings is meant
matters to two readers: search wants all the usual ones, sorting wants the right one. The right
one stands in three short lists here - words, surnames, and the usual reading first.
The table is read as a file: as the package loads it, with its 47,000 phrases or without, it would
cost every process 45 MB of memory or 11.
"""

import re
import unicodedata
from array import array
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

# The usual reading in names first; the others only serve search.
_SEVERAL_READINGS = """
阿 a e|柏 bai bo|薄 bo bao|堡 bao pu|暴 bao pu|卜 bu bo|藏 cang zang|参 can shen|曾 zeng ceng
差 cha chai|单 dan shan chan|长 chang zhang|朝 chao zhao|车 che ju|称 cheng chen|乘 cheng sheng
澄 cheng deng|重 zhong chong|仇 qiu chou|臭 chou xiu|传 chuan zhuan|大 da dai|弹 dan tan
的 de di|得 de dei|翟 zhai di|调 tiao diao|都 du dou|度 du duo|恶 e wu|佛 fo fu|否 fou pi
盖 gai ge|给 gei ji|谷 gu yu|莞 guan wan|行 hang xing heng|和 he huo|还 hai huan|会 hui kuai
贾 jia gu|见 jian xian|降 jiang xiang|将 jiang qiang|角 jiao jue|觉 jue jiao|解 jie xie
劲 jin jing|景 jing ying|卡 ka qia|壳 ke qiao|乐 le yue|勒 le lei|了 le liao|六 liu lu|陆 lu liu
露 lu lou|绿 lv lu|落 luo la|率 lv shuai|脉 mai mo|没 mei mo|秘 mi bi|模 mo mu|缪 miao mou miu
弄 nong long|娜 na nuo|番 fan pan|朴 piao pu po|泊 bo po|迫 po pai|屏 ping bing|奇 qi ji
铅 qian yan|强 qiang jiang|亲 qin qing|区 qu ou|圈 quan juan|雀 que qiao|塞 sai se|色 se shai
厦 sha xia|盛 sheng cheng|省 sheng xing|什 shen shi|石 shi dan|识 shi zhi|似 si shi|宿 su xiu
属 shu zhu|说 shuo shui|汤 tang shang|拓 tuo ta|万 wan mo|尉 wei yu|纤 xian qian|系 xi ji
校 xiao jiao|血 xue xie|畜 xu chu|削 xue xiao|叶 ye xie|遗 yi wei|员 yuan yun|粘 zhan nian
扎 zha za|查 cha zha|择 ze zhai|着 zhe zhuo zhao|爪 zhua zhao|著 zhu zhuo|仔 zi zai|折 zhe she
乜 mie nie|洗 xi xian|覃 qin tan|召 zhao shao|祭 ji zhai|褚 chu zhu|适 shi kuo|蚌 bang beng
洞 dong tong|牟 mou mu|黑 hei he|繁 fan po
"""

# Words whose reading differs from the usual one of their characters: places, trades.
_WORDS = """
重庆 chong qing|厦门 xia men|六安 lu an|六合 lu he|番禺 pan yu|蚌埠 beng bu|乐清 yue qing
会稽 kuai ji|会计 kuai ji|音乐 yin yue|乐器 yue qi|乐团 yue tuan|铅山 yan shan|洪洞 hong tong
长子 zhang zi|成长 cheng zhang|行动 xing dong|旅行 lv xing|出行 chu xing|步行 bu xing
自行车 zi xing che|飞行 fei xing|运行 yun xing|同行 tong xing|知行 zhi xing|先行 xian xing
慢行 man xing|重逢 chong feng|重生 chong sheng|模具 mu ju|模板 mu ban|传记 zhuan ji
调查 diao cha|调研 diao yan|调度 diao du|大夫 dai fu|西藏 xi zang|宝藏 bao zang|人参 ren shen
海参 hai shen|参茸 shen rong|万俟 mo qi|尉迟 yu chi|单于 chan yu|长孙 zhang sun|牟平 mu ping
"""

# How a character reads when it is a family name, at the start of a person's two or three.
_SURNAMES = """
单 shan|解 xie|区 ou|查 zha|盖 ge|乐 yue|召 shao|祭 zhai|黑 he|员 yun|秘 bi|洗 xian|繁 po
行 xing|重 chong|牟 mu
"""


def _table(text: str) -> MappingProxyType[str, tuple[str, ...]]:
    entries = text.strip().replace("\n", "|").split("|")
    return MappingProxyType({key: tuple(rest) for key, *rest in map(str.split, entries)})


SEVERAL_READINGS = _table(_SEVERAL_READINGS)
WORDS = _table(_WORDS)
SURNAMES = _table(_SURNAMES)
_WORD_STARTS = frozenset(word[0] for word in WORDS)


def _without_tone(reading: str) -> str:
    """``lǜ`` gives ``lv``, as people type it."""
    apart = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(char for char in apart if not unicodedata.combining(char))


_ENTRY = re.compile(r'"(\d+)": "([^",]+)')
_BEYOND = 0x32400
"""Behind the last character that has a reading."""


@cache
def _listed() -> tuple[Sequence[int], Sequence[str]]:
    """By code point a place in the list of sounds; none stands first."""
    found = find_spec("pypinyin")
    assert found is not None  # noqa: S101 - for the type checker; it is required
    assert found.origin is not None  # noqa: S101 - for the type checker
    text = Path(found.origin).with_name("pinyin_dict.json").read_text("utf-8")
    places, sounds = array("H", bytes(2 * _BEYOND)), {"": 0}
    for entry in _ENTRY.finditer(text):
        places[int(entry[1])] = sounds.setdefault(entry[2], len(sounds))
    return places, list(sounds)


def readings(char: str) -> tuple[str, ...]:
    """The usual readings of one character, the most usual in names first; () when it has none.

    A reading with ü comes as ``lv`` and as ``lu``: both are typed.
    """
    own = SEVERAL_READINGS.get(char)
    if own is None:
        places, sounds = _listed()
        code = ord(char)
        own = (sounds[places[code]],) if code < _BEYOND else ("",)
    return _typed_as(own)


@lru_cache(maxsize=4096)
def _typed_as(sounds: tuple[str, ...]) -> tuple[str, ...]:
    """Twenty thousand characters share some fifteen hundred sounds, and so these tuples."""
    plain = [sound for sound in map(_without_tone, sounds) if sound]
    with_u = [sound.replace("v", "u") for sound in plain if "v" in sound]
    return tuple(dict.fromkeys((*plain, *with_u)))


@lru_cache(maxsize=1)
def syllables() -> frozenset[str]:
    """All syllables a search may be cut into: those of the characters in use, sounded."""
    found = {sound for code in range(0x4E00, 0x9FA6) for sound in readings(chr(code))}
    return frozenset(sound for sound in found if set(sound) & set("aeiouv") and sound != "fiao")


def spoken(text: str) -> str:
    """The text with every Chinese character replaced by `` reading ``; the rest as it stands."""
    if text.isascii():
        return text
    result: list[str] = []
    position = 0
    if 2 <= len(text) <= 3 and text[0] in SURNAMES and text[:2] not in WORDS:
        result.append(f" {SURNAMES[text[0]][0]} ")
        position = 1
    if _WORD_STARTS.isdisjoint(text):
        return "".join((*result, *map(_spoken_char, text[position:])))
    while position < len(text):
        sounds = _word_at(text, position)
        result.append(f" {' '.join(sounds)} " if sounds else _spoken_char(text[position]))
        position += len(sounds) or 1
    return "".join(result)


@lru_cache(maxsize=2048)
def typed(text: str) -> str:
    """What one may type for a short text: in pinyin and by initials; nothing for Latin letters."""
    if text.isascii():
        return ""
    sounds = spoken(text).split()
    return f"{''.join(sounds)} {''.join(sound[0] for sound in sounds)}"


@lru_cache(maxsize=8192)
def _spoken_char(char: str) -> str:
    sounds = readings(char)
    return f" {sounds[0]} " if sounds else char


def _word_at(text: str, position: int) -> tuple[str, ...]:
    """The readings of the listed word that starts here, the longest first; () for none."""
    if text[position] in _WORD_STARTS:
        for length in (3, 2):
            if sounds := WORDS.get(text[position : position + length]):
                return sounds
    return ()
