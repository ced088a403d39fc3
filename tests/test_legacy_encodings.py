"""Old Vietnamese encodings are read where they are certain; other bytes and texts are left alone.

The codes below were written by converters other than ours (glibc's iconv for VISCII and the
standard's full form of TCVN; lists of the fonts' letters for TCVN3 and VNI), and are shown as
Windows-1252 shows them.
"""

from __future__ import annotations

import random
import unicodedata

import pytest

from assistant.text.legacy_encodings import FEW_KINDS, decoded, recovered, recovered_parts

BRIDGE = (
    "Sáng 12-8, UBND tỉnh Quảng Nam tổ chức lễ khánh thành cầu Cửa Đại, nối thành phố Hội An "
    "với huyện Duy Xuyên."
)
LAND = (
    "Theo ông Nguyễn Văn Tâm, giám đốc Công ty Green Growth, những hộ dân ở phường Thạnh Mỹ Lợi "
    "chưa ký giấy tờ sẽ được nhận tiền bồi thường trước ngày 30-9."
)
BRIDGES = {
    "TCVN3": "S¸ng 12-8, UBND tØnh Qu¶ng Nam tæ chøc lÔ kh¸nh thµnh cÇu Cöa §¹i, nèi thµnh phè "
    "Héi An víi huyÖn Duy Xuyªn.",
    "VNI": "Saùng 12-8, UBND tænh Quaûng Nam toå chöùc leã khaùnh thaønh caàu Cöûa Ñaïi, noái "
    "thaønh phoá Hoäi An vôùi huyeän Duy Xuyeân.",
    "Windows-1258": "Sáng 12-8, UBND tiÒnh QuaÒng Nam tôÒ chýìc lêÞ khánh thành câÌu CýÒa Ðaòi, "
    "nôìi thành phôì Hôòi An võìi huyêòn Duy Xuyên.",
    "VISCII": "Sáng 12-8, UBND tïnh Quäng Nam t± chÑc l\xad khánh thành c¥u CØa ÐÕi, n¯i thành "
    "ph¯ Hµi An v¾i huy®n Duy Xuyên.",
}
LANDS = {
    "TCVN3": "Theo «ng NguyÔn V¨n T©m, gi¸m ®èc C«ng ty Green Growth, nh÷ng hé d©n ë ph\xadêng "
    "Th¹nh Mü Lîi ch\xada ký giÊy tê sÏ ®\xadîc nhËn tiÒn båi th\xadêng tr\xadíc ngµy 30-9.",
    "VNI": "Theo oâng Nguyeãn Vaên Taâm, giaùm ñoác Coâng ty Green Growth, nhöõng hoä daân ôû "
    "phöôøng Thaïnh Myõ Lôïi chöa kyù giaáy tôø seõ ñöôïc nhaän tieàn boài thöôøng tröôùc ngaøy "
    "30-9.",
    "Windows-1258": "Theo ông NguyêÞn Vãn Tâm, giám ðôìc Công ty Green Growth, nhýÞng hôò dân õÒ "
    "phýõÌng Thaònh MyÞ Lõòi chýa kyì giâìy tõÌ seÞ ðýõòc nhâòn tiêÌn bôÌi thýõÌng trýõìc ngày "
    "30-9.",
    "VISCII": "Theo ông Nguy\xadn Vån Tâm, giám ð¯c Công ty Green Growth, nhæng hµ dân · phß¶ng "
    "ThÕnh MÛ Lþi chßa ký gi¤y t¶ s¨ ðßþc nh§n ti«n b°i thß¶ng trß¾c ngày 30-9.",
}
HEADLINES = {
    "TCVN3": "TR¦êNG TIÓU HäC NGUYÔN BØNH KHI£M §¦îC SöA CH÷A",
    "VNI": "TRÖÔØNG TIEÅU HOÏC NGUYEÃN BÆNH KHIEÂM ÑÖÔÏC SÖÛA CHÖÕA",
    "Windows-1258": "TRÝÕÌNG TIÊÒU HOòC NGUYÊÞN BIÒNH KHIÊM ÐÝÕòC SÝÒA CHÝÞA",
    "VISCII": "TR¿–NG TIŒU HšC NGUY\x8dN B›NH KHIÊM Ð¿”C S¼A CHÿA",
}
ENCODINGS = sorted(BRIDGES)

LETTERS = (
    "à ả ã á ạ ă ằ ẳ ẵ ắ ặ â ầ ẩ ẫ ấ ậ đ è ẻ ẽ é ẹ ê ề ể ễ ế ệ ì ỉ ĩ í ị ò ỏ õ ó ọ ô ồ ổ ỗ ố ộ "
    "ơ ờ ở ỡ ớ ợ ù ủ ũ ú ụ ư ừ ử ữ ứ ự ỳ ỷ ỹ ý ỵ"
)
LETTERS_OF = {
    "TCVN3": "µ ¶ · ¸ ¹ ¨ » ¼ ½ ¾ Æ © Ç È É Ê Ë ® Ì Î Ï Ð Ñ ª Ò Ó Ô Õ Ö × Ø Ü Ý Þ ß á â ã ä « å æ "
    "ç è é ¬ ê ë ì í î ï ñ ò ó ô \xad õ ö ÷ ø ù ú û ü ý þ",
    "VNI": "aø aû aõ aù aï aê aè aú aü aé aë aâ aà aå aã aá aä ñ eø eû eõ eù eï eâ eà eå eã eá eä "
    "ì æ ó í ò oø oû oõ où oï oâ oà oå oã oá oä ô ôø ôû ôõ ôù ôï uø uû uõ uù uï ö öø öû öõ öù öï "
    "yø yû yõ yù î",
    "Windows-1258": "à aÒ aÞ á aò ã ãÌ ãÒ ãÞ ãì ãò â âÌ âÒ âÞ âì âò ð è eÒ eÞ é eò ê êÌ êÒ êÞ êì "
    "êò iÌ iÒ iÞ í iò oÌ oÒ oÞ ó oò ô ôÌ ôÒ ôÞ ôì ôò õ õÌ õÒ õÞ õì õò ù uÒ uÞ ú uò ý ýÌ ýÒ ýÞ ýì "
    "ýò yÌ yÒ yÞ yì yò",
    "VISCII": "à ä ã á Õ å ¢ Æ Ç ¡ £ â ¥ ¦ ç ¤ § ð è ë ¨ é © ê « ¬ \xad ª ® ì ï î í ¸ ò ö õ ó ÷ ô "
    "° ± ² ¯ µ ½ ¶ · Þ ¾ þ ù ü û ú ø ß × Ø æ Ñ ñ Ï Ö Û ý Ü",
}
CAPITALS_OF = {
    "VNI": "AØ AÛ AÕ AÙ AÏ AÊ AÈ AÚ AÜ AÉ AË AÂ AÀ AÅ AÃ AÁ AÄ Ñ EØ EÛ EÕ EÙ EÏ EÂ EÀ EÅ EÃ EÁ EÄ "
    "Ì Æ Ó Í Ò OØ OÛ OÕ OÙ OÏ OÂ OÀ OÅ OÃ OÁ OÄ Ô ÔØ ÔÛ ÔÕ ÔÙ ÔÏ UØ UÛ UÕ UÙ UÏ Ö ÖØ ÖÛ ÖÕ ÖÙ ÖÏ "
    "YØ YÛ YÕ YÙ Î",
    "Windows-1258": "À AÒ AÞ Á Aò Ã ÃÌ ÃÒ ÃÞ Ãì Ãò Â ÂÌ ÂÒ ÂÞ Âì Âò Ð È EÒ EÞ É Eò Ê ÊÌ ÊÒ ÊÞ Êì "
    "Êò IÌ IÒ IÞ Í Iò OÌ OÒ OÞ Ó Oò Ô ÔÌ ÔÒ ÔÞ Ôì Ôò Õ ÕÌ ÕÒ ÕÞ Õì Õò Ù UÒ UÞ Ú Uò Ý ÝÌ ÝÒ ÝÞ Ýì "
    "Ýò YÌ YÒ YÞ Yì Yò",
    "VISCII": "À Ä Ã Á € Å ‚ \x02 \x05 \x81 ƒ Â … † \x06 „ ‡ Ð È Ë ˆ É ‰ Ê ‹ Œ \x8d Š Ž Ì › Î Í ˜ "
    "Ò ™ \xa0 Ó š Ô \x90 ‘ ’ \x8f “ ´ – — ³ • ” Ù œ \x9d Ú ž ¿ » ¼ ÿ º ¹ Ÿ \x14 \x19 Ý \x1e",
}


def as_bytes(shown: str) -> bytes:
    """The bytes that Windows-1252 shows so; controls stand for themselves."""
    return b"".join(c.encode("latin-1") if ord(c) < 0x100 else c.encode("cp1252") for c in shown)


# What is read


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("text", "codes"), [(BRIDGE, BRIDGES), (LAND, LANDS)])
def test_news_is_read(encoding: str, text: str, codes: dict[str, str]) -> None:
    assert decoded(as_bytes(codes[encoding])) == (text, encoding)
    assert recovered(codes[encoding]) == (text, encoding)
    assert recovered(as_bytes(codes[encoding]).decode("latin-1")) == (text, encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_newlines_numbers_and_english_stay(encoding: str) -> None:
    end = "\r\n\r\n(Green Growth, tel. 028.3829.1234)\r\n"
    codes = f"{BRIDGES[encoding]}\r\n{LANDS[encoding]}{end}"
    assert decoded(as_bytes(codes)) == (f"{BRIDGE}\r\n{LAND}{end}", encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_headlines_are_read(encoding: str) -> None:
    headline = "TRƯỜNG TIỂU HỌC NGUYỄN BỈNH KHIÊM ĐƯỢC SỬA CHỮA"
    if encoding == "TCVN3":  # its fonts have no capitals with tones
        headline = "TRƯờNG TIểU HọC NGUYễN BỉNH KHIÊM ĐƯợC SửA CHữA"
    assert decoded(as_bytes(HEADLINES[encoding])) == (headline, encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_letter_is_read(encoding: str) -> None:
    found = decoded(as_bytes(f"{LANDS[encoding]}\n{LETTERS_OF[encoding]}"))
    assert found == (f"{LAND}\n{LETTERS}", encoding)


@pytest.mark.parametrize("encoding", sorted(CAPITALS_OF))
def test_every_capital_is_read(encoding: str) -> None:
    found = decoded(as_bytes(f"{LANDS[encoding]}\n{CAPITALS_OF[encoding]}"))
    assert found == (f"{LAND}\n{LETTERS.upper()}", encoding)


@pytest.mark.parametrize(
    ("codes", "text"),
    [
        # fonts: capitals without tones, quotation marks and dashes of Windows-1252
        ("“¡n, ¢n, £m, ¤ng, ¥n, ¦u, §i” – ‘Êm’…", "“Ăn, Ân, Êm, Ông, Ơn, Ưu, Đi” – ‘ấm’…"),
        # the standard's full form: capitals with tones, three of them among controls
        ("™ ƒ \x16 S\x05A CH\x06A HuÕ", "Ở Á Ý SỬA CHỮA Huế"),
    ],
)
def test_both_forms_of_tcvn(codes: str, text: str) -> None:
    assert decoded(as_bytes(f"{BRIDGES['TCVN3']}\n{codes}")) == (f"{BRIDGE}\n{text}", "TCVN3")


def test_a_mark_of_vni_without_its_vowel_is_a_letter_of_windows_1252() -> None:
    codes = f"{LANDS['VNI']} Quaùn Café Trung Nguyeân, AÙ chaâu, Aù chaâu"
    text = f"{LAND} Quán Café Trung Nguyên, Á châu, Á châu"
    assert decoded(as_bytes(codes)) == (text, "VNI")


@pytest.mark.parametrize(
    ("salad", "mended"),
    [
        ("Tr\xadêng TiÓu häc", ("Trường Tiểu học", "TCVN3")),
        ("Céng hoµ x· héi chñ nghÜa ViÖt Nam", ("Cộng hoà xã hội chủ nghĩa Việt Nam", "TCVN3")),
        ("Céng hoμ x· héi chñ nghÜa ViÖt Nam", ("Cộng hoà xã hội chủ nghĩa Việt Nam", "TCVN3")),
        ("Tröôøng Tieåu hoïc", ("Trường Tiểu học", "VNI")),
        ("“TrýõÌng TiêÒu hoòc” → x", ("“Trường Tiểu học” → x", "Windows-1258")),
        # "ư" that became a hyphen, beside hyphens that were meant
        (
            "Tr-êng TiÓu häc Hµ Néi-HuÕ, bÝ th- vµ -u tiªn",
            ("Trường Tiểu học Hà Nội-Huế, bí thư và ưu tiên", "TCVN3"),
        ),
        ("a- Häc sinh\nb- NhiÖm vô n-íc", ("a- Học sinh\nb- Nhiệm vụ nước", "TCVN3")),
    ],
)
def test_salad_is_mended(salad: str, mended: tuple[str, str]) -> None:
    assert recovered(salad) == mended


@pytest.mark.parametrize("codec", ["latin-1", "cp1252"])
def test_utf8_that_was_encoded_twice_is_read(codec: str) -> None:
    # Programs show the codes that Windows-1252 lacks as controls.
    text = f"{BRIDGE}\n{LAND} Ông nói: “Đúng…”"
    data = f"\ufeff{text}".encode()
    salad = "".join(bytes([code]).decode(codec, "ignore") or chr(code) for code in data)
    assert recovered(salad) == (text, "UTF-8 encoded twice")
    assert recovered_parts(f"{LAND}\n{salad}") == (f"{LAND}\n{text}", "UTF-8 encoded twice")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_parts_in_an_old_encoding_are_read_beside_others_that_are_right(encoding: str) -> None:
    right = f"{BRIDGE}\nThanh Hóa, Hà Nam\nCà Mau: 600 m²\n"
    found = recovered_parts(f"{right}{BRIDGES[encoding]} {BRIDGE}\n\n{LANDS[encoding]}")
    assert found == (f"{right}{BRIDGE} {BRIDGE}\n\n{LAND}", encoding)
    assert recovered_parts(f"{right}{LAND}\nLà où ça coûte près de 3 M€, c’est l’été.") is None


@pytest.mark.parametrize(
    ("name", "mended"),
    [
        ("NguyÔn V¨n Nam", "Nguyễn Văn Nam"), ("B¸o Lao §éng", "Báo Lao Động"),
        ("Nguyeãn Vaên Nam", "Nguyễn Văn Nam"), ("Tiáº¿ng Viá»‡t", "Tiếng Việt"),
        ("Thanh Hóa, Hà Nam", ""), ("Lê Công Lý", ""), ("José García", ""), ("Søren Bø", ""),
        ("Zoë Noël", ""), ("Đặng Hà", ""), ("Häp", ""),
    ],
)  # fmt: skip
def test_names(name: str, mended: str) -> None:
    assert (recovered(name, FEW_KINDS) or ("",))[0] == mended


# What is left alone

OTHERS = [
    ("cp1252", "Il aura fallu près de trois heures de débat : « Là où ça coûte, c’est l’été. »"),
    ("cp1252", "Die Sanierung des Bades kostet 7,4 Millionen Euro, der Zehnmeterturm fällt weg."),
    ("cp1252", "“It’s a café – naïve, isn’t it?” she said; the “résumé” wasn’t hers…"),
    ("cp1252", "O município não vai à praça até às três; são só avó e avô, já lá está o pão."),
    ("cp1252", "Það er ekki hægt að segja að þú sért á réttri leið, þó að ég óski þess."),
    ("cp1252", "Tá sé ag dul go dtí an siopa, mar tá an lá go breá agus níl sí ró-fhuar."),
    ("cp1252", "El niño salió de allí; ¿qué más da? Así está bien, según él, y también aquí."),
    ("cp1250", "Zażółć gęślą jaźń; wójt gminy źle ocenił, że łąka jest też częścią działki."),
    ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy, a tak se řeka večer znovu rozvodnila."),
    ("cp1250", "Az új híd ára így is több, mint amit a város idén út- és járdaépítésre költ."),
    ("cp1254", "Belediye başkanı, köprünün gelecek yıl açılacağını ve ücretsiz olacağını söyledi."),
    ("cp1251", "Сегодня утром в городе открыли новый мост, строили его почти три года."),
    ("koi8_r", "Сегодня утром в городе открыли новый мост, строили его почти три года."),
    ("cp1253", "Η νέα γέφυρα της πόλης άνοιξε σήμερα το πρωί μετά από τρία χρόνια εργασιών."),
    ("gb18030", "今天上午，市政府举行了新大桥的通车典礼，全长一千四百米。"),
    ("big5", "今天上午，市政府舉行了新大橋的通車典禮，全長一千四百公尺。"),
    ("shift_jis", "今朝、市は新しい橋の開通式を行った。長さはおよそ千四百メートル。"),
    ("euc_kr", "오늘 아침 시는 새 다리의 개통식을 열었다. 길이는 약 천사백 미터다."),
    ("tis_620", "เช้าวันนี้ เทศบาลจัดพิธีเปิดสะพานแห่งใหม่ ยาวประมาณหนึ่งพันสี่ร้อยเมตร"),
]


@pytest.mark.parametrize(("codec", "text"), OTHERS)
@pytest.mark.parametrize("times", [1, 20])
def test_other_languages_are_left_alone(codec: str, text: str, times: int) -> None:
    data = "\n".join([text] * times).encode(codec)
    assert decoded(data) is None
    assert recovered(data.decode("latin-1")) is None
    assert recovered(data.decode("cp1252", "ignore")) is None
    assert recovered(text) is None


@pytest.mark.parametrize(
    "text",
    [
        BRIDGE,
        unicodedata.normalize("NFD", BRIDGE),
        "Bà và cá có ở nhà",
        "cá và cà, bà và bé, nhà có ba má",  # letters of Windows-1252 only
        "bé có cá, má có cà, bà là chú, ý thì hãy xét",
        "Hello, world",
        "",
    ],
)
def test_vietnamese_and_ascii_in_unicode_are_left_alone(text: str) -> None:
    assert recovered(text) is None
    assert decoded(text.encode()) is None


def test_utf8_is_left_alone_whole_or_damaged() -> None:
    data = f"{BRIDGE}\n{LAND}".encode()
    assert decoded(data) is None
    assert decoded(data + b"\xe1\xbb") is None
    assert decoded(data.decode().encode("utf-16")) is None
    assert recovered(data.decode("cp1252", "ignore")) is None  # letters are missing


@pytest.mark.parametrize(
    "salad",
    [
        "",
        "é",
        "“Hi”",
        "§µ N½ng",
        "ViÖt Nam, ViÖt Nam, ViÖt Nam",
        "Tr\xadêng TiÓu häc Brecht ®\xadîc x©y",  # one of six is no syllable
        "Là maî moé",  # Auvergnat: syllables in VISCII, and two of three as they are
        "tí ó bá, tí ó lè",  # Yoruba
        "thë pë ã riã",  # Yanomamö
    ],
)
def test_a_few_words_are_not_certain(salad: str) -> None:
    assert decoded(as_bytes(salad)) is None
    assert recovered(salad) is None


def test_noise_is_left_alone() -> None:
    noise = random.Random(1)
    for _ in range(50):
        data = noise.randbytes(noise.choice([8, 40, 400]))
        assert decoded(data) is None
        assert recovered(data.decode("latin-1")) is None


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_controls_make_it_no_text(encoding: str) -> None:
    assert decoded(as_bytes(LANDS[encoding]) + b"\x00\x07") is None


@pytest.mark.parametrize("one", ENCODINGS)
@pytest.mark.parametrize("other", ENCODINGS)
def test_two_encodings_in_one_text_are_not_certain(one: str, other: str) -> None:
    codes = "\n".join([*[LANDS[one]] * 3, BRIDGES[other]])
    text = "\n".join([*[LAND] * 3, BRIDGE])
    assert decoded(as_bytes(codes)) == ((text, one) if one == other else None)


def test_half_a_text_in_english_is_not_certain() -> None:
    english = (
        " The prime minister will visit seven countries before the next summit, officials said"
    )
    assert decoded(as_bytes(LANDS["VNI"] + english)) is None


def test_a_text_that_is_right_but_for_some_words_is_not_certain() -> None:
    right = "cá và cà, bà và bé, nhà có ba má\n" * 10
    assert recovered(f"{right}tr\xadêng TiÓu häc") is None
    assert recovered(f"{right}ph¶ng ThÕnh MÛ Lþi") is None


def test_salad_in_a_text_with_letters_beyond_windows_1252_is_left_alone() -> None:
    assert recovered(f"{LANDS['TCVN3']}\n{BRIDGE}") is None
