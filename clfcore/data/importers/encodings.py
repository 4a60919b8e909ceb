"""Text encodings of old names and texts that are not UTF-8: GBK, Shift-JIS, Big5, EUC-KR, DOS or Windows, guessed."""

from collections.abc import Sequence

# What --reading encoding=NAME takes, with the names that people know them by.
ENCODINGS = {
    "gb18030": "GBK",
    "shift_jis": "Shift-JIS",
    "cp949": "Korean (EUC-KR)",
    "big5": "Big5",
    "cp1251": "Windows Cyrillic",
    "cp866": "DOS Cyrillic",
    "cp437": "DOS",
    "cp1252": "Windows",
}

_WIDE = ("gb18030", "shift_jis", "cp949", "big5")  # two bytes a sign: seldom amid Latin letters
# The commonest syllables of Korean: what is none of these may as well be Chinese, whose common half has the same bytes.
_HANGUL = frozenset(
    "이가는을에다의하고지로한기사은도리인어자나시정대아수부해그제서들일전만과라를보원니스장성주있여구상국계세중동화선드신모경안게내연마"
    "트공비용학교당물음식개양람강호차무운발산통회방진행관품업오우토거소조건미명문재적생말단유역영실심위분속배복치바타파카합결각력"
)


def guess(samples: Sequence[bytes]) -> str:
    """The likeliest encoding of texts that are not UTF-8; a guess that the person is told of.

    >>> guess(["猫猫".encode("gbk")]), guess(["café".encode("cp437")]), guess(["café".encode("cp1252")])
    ('gb18030', 'cp437', 'cp1252')
    """
    odd = [sample for sample in samples if not sample.isascii()][:500]
    scores = {name: _score(odd, name) for name in ENCODINGS}
    return max(scores, key=scores.__getitem__)  # of equals the first


def _score(samples: Sequence[bytes], encoding: str) -> float:
    """How usual the signs are that the texts have in an encoding, 0 to 1; -1 where it cannot be theirs."""
    usual = total = 0.0
    for sample in samples:
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            return -1.0
        for before, sign, after in zip(" " + text[:-1], text, text[1:] + " ", strict=True):
            if not sign.isascii():
                total += 1
                inside = encoding in _WIDE and any(c.isascii() and c.isalpha() for c in (before, after))
                usual += _usual(sign, before, encoding) * (0.5 if inside else 1)
    return usual / total if total else 0.0


def _usual(sign: str, before: str, encoding: str) -> float:
    """How usual a sign is in an encoding: the common half of Chinese, kana, hangul, accented letters after letters."""
    code = ord(sign)
    if encoding == "gb18030":
        raw = sign.encode("gb18030")
        return 0.9 if len(raw) == 2 and 0xB0 <= raw[0] <= 0xD7 and raw[1] >= 0xA1 else 0.1
    if encoding == "big5":
        return 0.8 if 0xA4 <= sign.encode("big5")[0] <= 0xC6 else 0.1
    if encoding == "shift_jis":
        if 0x3040 <= code <= 0x30FF:  # kana
            return 1.0
        raw = sign.encode("shift_jis")
        return 0.7 if len(raw) == 2 and 0x88 <= raw[0] <= 0x97 else 0.05
    if encoding == "cp949":
        raw = sign.encode("cp949")
        hangul = 0xB0 <= raw[0] <= 0xC8 and raw[1] >= 0xA1 and 0xAC00 <= code <= 0xD7A3
        return 0.05 if not hangul else 0.99 if sign in _HANGUL else 0.75
    if encoding in ("cp1251", "cp866"):
        cyrillic = 0x410 <= code <= 0x44F or code in (0x401, 0x451)
        # Letters follow letters of their own kind; a lower one seldom precedes a capital.
        broken = sign.isupper() and before.islower()
        return 0.0 if not cyrillic or broken else (0.97 if not before.isascii() else 0.5)
    latin = code < 0x180 and sign.isalpha() and sign not in "ªºƒ"
    broken = sign.isupper() and before.islower()
    return 0.0 if not latin or broken else (0.75 if before.isascii() else 0.4)
