"""Letters of other scripts, and other signs, that a reader takes for ASCII.

Compiled by hand from the shapes in the Unicode code charts: what looks alike in a common sans-serif face. Letters
that merely resemble one another in meaning (beta for b) or in a stylised face (the Cyrillic i for u) are left out:
they are what shows that a word is truly Greek or Cyrillic.
"""

from __future__ import annotations


def _pairs(foreign: str, latin: str) -> dict[str, str]:
    return dict(zip(foreign, latin, strict=True))


# Read as Latin only in a word that is otherwise Latin: see `characters.py`.
LOOKALIKES: dict[str, str] = {
    **_pairs("аеіјорсухѕһԁԛԝѵӏкмнтвьѡгԍ", "aeijopcyxshdqwvlkmhtbbwrg"),  # Cyrillic
    **_pairs("АВЕЅІЈКМНОРСТУХԚԜѴԌӀҺԀҒ", "ABESIJKMHOPCTYXQWVGIhdF"),
    **_pairs("αγεηικνορτυχωϳ", "ayenikvoptuxwj"),  # Greek
    **_pairs("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϜϺͿ", "ABEZHIKMNOPTYXFMJ"),
    **_pairs("օսոհզցյ", "ounhqgj"),  # Armenian
    **_pairs("ՕՏՍԼ", "OSUL"),
    **_pairs("ᎠᎡᎢᎥᎩᎪᎫᎬᎳᎷᎻᎽᏀᏂᏃᏒᏔᏕᏙᏚᏞᏟᏢᏦᏧᏏᏴ", "DRTiYAJEWMHYGhZRWSVSLCPKdbB"),  # Cherokee
    **_pairs("ⲟⲥⲣⲭⲞⲤⲢⲬⲎⲔⲘⲚⲦⲂ", "ocpxOCPXHKMNTB"),  # Coptic
    **_pairs("ꓐꓑꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ", "BPDTGKJCZFMNLSRVHWXYAEIOU"),  # Lisu
}

# Latin letters that have no canonical decomposition, phonetic small capitals, and symbols drawn around letters.
ALWAYS: dict[str, str] = {
    **_pairs("øđħłŧƀıȷɑɡɩƅɓƈɖɗɛƒɠɦɧɨɪƙƚɫɬ", "odhltbijagibbcddefghhiiklll"),
    **_pairs("ɱɯƞɲɳŋɵɔƥʠɍɽʂſƭʈʉʊʋⱳƴɏƶʐð", "mmnnnnoopqrrssttuuvwyyzzd"),
    **_pairs("ØĐĦŁŦɃƁƇƊƐƑƓƗƘȽƜƝƟƤɌƬɄƲƳƵ", "ODHLTBBCDEFGIKLMNOPRTUVYZ"),
    **_pairs("ᴀʙᴄᴅᴇꜰɢʜᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghjklmnopqrstuvwyz"),
    **_pairs("ϲϹ℮℩⍺⍳⍴ꓸ", "cCeiaip."),
    "ß": "ss", "æ": "ae", "œ": "oe", "Æ": "AE", "Œ": "OE", "þ": "th", "Þ": "Th", "ẞ": "SS",
    **{chr(0x1F150 + i): chr(65 + i) for i in range(26)},  # letters in black circles
    **{chr(0x1F170 + i): chr(65 + i) for i in range(26)},  # letters in black squares
}  # fmt: skip

PUNCTUATION: dict[str, str] = {
    **dict.fromkeys("\u2212\u02d7\u2043\u23af\u2500\u2501\u2574\u2576\u2796\u2e0f", "-"),
    **dict.fromkeys("\u2018\u2019\u201b\u2032\u2035\u02b9\u02bb\u02bc\u02bd\u02c8\u00b4\u055a\ua78c", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb\u301d\u301e\u301f\u02ba", '"'),
    **dict.fromkeys("\u2044\u2215\u29f8\u2571\u27cb\u3033", "/"),
    **dict.fromkeys("\u2216\u29f5\u29f9\u27cd", "\\"),
    **dict.fromkeys("\u3002\u06d4\u066b\u2e3c\ua4f8\u0701\u0702\u00b7\u2022\u2219\u22c5\u30fb\u2027\u25cf\u2981", "."),
    **dict.fromkeys("\u3001\u066c\u060c", ","),
    **dict.fromkeys("\u2236\u02d0\ua789\u0589\u05c3\u0703\u0704", ":"),
    **dict.fromkeys("\u2795\u1429", "+"),
    **dict.fromkeys("\u2223\u01c0\u2502\u2758", "|"),
    "\u201a": "'",
    "\u2028": "\n",
    "\u2029": "\n",
    "\x85": "\n",
    "\u2800": " ",
}
# Dots in the middle of the line: separators between two letters or digits, and bullets anywhere else.
MIDDLE_DOTS = "\u00b7\u2022\u2219\u22c5\u30fb\u2027\u25cf\u2981"
