"""Encodings: detected per file, with a confidence; damage is a fault and never another encoding."""

from __future__ import annotations

import pytest

from imprint.findings import Finding
from imprint.sources.encodings import UTF_8, decode

TEXTS = {
    "windows-1252": "Die Brücke über den Fluss bleibt gesperrt. „Das dauert länger“, sagte die Bürgermeisterin – und ging.",
    "windows-1251": "Сегодня в городе открылся новый мост через реку, сообщает пресс-служба. Жители довольны.",
    "windows-1256": "أعلنت البلدية اليوم افتتاح الجسر الجديد فوق النهر، وقال السكان إنهم سعداء بذلك",
    "gb18030": "今天市政府宣布新桥正式通车。居民们表示非常高兴，孩子们在桥上奔跑。",
    "big5": "今天市政府宣布新橋正式通車。居民們表示非常高興，孩子們在橋上奔跑。",
    "shift_jis": "東京都は今日、新しい橋を開通したと発表しました。住民はとても喜んでいます。",
}


@pytest.mark.parametrize("name", TEXTS)
def test_an_old_encoding_is_detected_and_the_decision_is_written_down(name: str) -> None:
    text = "\n\n".join([TEXTS[name]] * 4)
    found = decode(text.encode(name))
    assert not isinstance(found, Finding)
    assert found[0] == text
    [step] = found[1].step
    assert step.startswith("decoded@1: ")
    assert 0 < found[1].confidence <= 1


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_mark_or_valid_utf_8_decides(name: str) -> None:
    text = TEXTS["shift_jis"]
    mark = "\ufeff" if name in {"utf-16-le", "utf-16-be"} else ""
    found = decode((mark + text).encode(name))
    assert not isinstance(found, Finding)
    assert (found[0], found[1].confidence) == (text, 1.0)


def test_utf_8_leaves_no_trace_in_the_record() -> None:
    assert decode(b"plain") == ("plain", UTF_8)
    assert UTF_8.step == []


@pytest.mark.parametrize(
    "data",
    [
        "Die Brücke über den Fluß".encode() + b"\xff und mehr",
        "cut in the middle of a character \u20ac".encode()[:-1],
        b"a surrogate \xed\xa0\x80 written as UTF-8",
        ("ü" * 40_000).encode() + b"\xe9",
    ],
)
def test_damaged_utf_8_is_a_fault_and_no_other_encoding(data: bytes) -> None:
    found = decode(data)
    assert isinstance(found, Finding)
    assert found.code == "invalid_utf8"
    assert "byte" in found.message


@pytest.mark.parametrize("times", [1, 6])
@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "El niño comió pan en la mañana. La señora Muñoz dijo que no habrá elecciones."),
        (
            "cp1252",
            "L\u2019été dernier, le maire a déclaré que le pont serait fermé. «\xa0Où aller\xa0?\xa0» dit la sœur de Noël.",
        ),
        ("cp1252", "O prefeito disse à população que a ponte não será aberta antes do próximo mês."),
        ("cp1252", "Borgmästaren sade på måndagen att bron över ån ska vara stängd i ett år."),
        ("cp1252", "Der Bürgermeister sagte, die Brücke über den Fluß müsse schließen."),
        ("cp1252", "Il sindaco ha detto che la città è più bella. Perché no?"),
        ("cp1252", "The mayor\u2019s office said \u201cno\u201d \u2014 the café stays closed."),
        (
            "cp1250",
            "Burmistrz powiedział, że most będzie zamknięty. Mieszkańcy są niezadowoleni ze źle wykonanej pracy.",
        ),
        ("cp1250", "Starosta řekl, že most bude celý rok uzavřen. Lidé jsou nespokojení."),
        ("cp1250", "A polgármester szerint a híd egy évig zárva lesz. Több ezer gyűlésről írt az újság."),
        (
            "cp1254",
            "Belediye başkanı pazartesi günü köprünün kapat\u0131lacağ\u0131n\u0131 söyledi. Şehir halk\u0131 memnun değil.",
        ),
        ("cp1257", "Prezidentas sakė, kad tiltas bus uždarytas ištisus metus. Žmonės laukia ąžuolų."),
        (
            "cp1251",
            "\u041f\u0440\u0435\u0437\u0438\u0434\u0435\u043d\u0442 \u0441\u043e\u043e\u0431\u0449\u0438\u043b: \u043c\u043e\u0441\u0442 \u0447\u0435\u0440\u0435\u0437 \u0440\u0435\u043a\u0443 \u0437\u0430\u043a\u0440\u044b\u0442 \u043d\u0430 \u0433\u043e\u0434.",
        ),
        (
            "koi8-r",
            "\u041f\u0440\u0435\u0437\u0438\u0434\u0435\u043d\u0442 \u0441\u043e\u043e\u0431\u0449\u0438\u043b: \u043c\u043e\u0441\u0442 \u0447\u0435\u0440\u0435\u0437 \u0440\u0435\u043a\u0443 \u0437\u0430\u043a\u0440\u044b\u0442 \u043d\u0430 \u0433\u043e\u0434.",
        ),
        (
            "cp1256",
            "\u0642\u0627\u0644 \u0631\u0626\u064a\u0633 \u0627\u0644\u0628\u0644\u062f\u064a\u0629 \u064a\u0648\u0645 \u0627\u0644\u0627\u062b\u0646\u064a\u0646 \u0625\u0646 \u0627\u0644\u062c\u0633\u0631 \u0641\u0648\u0642 \u0627\u0644\u0646\u0647\u0631 \u0633\u064a\u0628\u0642\u0649 \u0645\u063a\u0644\u0642\u0627.",
        ),
        (
            "gb18030",
            "\u5e02\u957f\u661f\u671f\u4e00\u8868\u793a\uff0c\u6a2a\u8de8\u6cb3\u6d41\u7684\u5927\u6865\u5c06\u5173\u95ed\u6574\u6574\u4e00\u5e74\u3002\u5c45\u6c11\u4eec\u5bf9\u8fd9\u4e00\u51b3\u5b9a\u611f\u5230\u4e0d\u6ee1\u3002",
        ),
        (
            "big5",
            "\u5e02\u9577\u661f\u671f\u4e00\u8868\u793a\uff0c\u6a6b\u8de8\u6cb3\u6d41\u7684\u5927\u6a4b\u5c07\u95dc\u9589\u6574\u6574\u4e00\u5e74\u3002\u5c45\u6c11\u5011\u5c0d\u9019\u4e00\u6c7a\u5b9a\u611f\u5230\u4e0d\u6eff\u3002",
        ),
        (
            "shift_jis",
            "\u5e02\u9577\u306f\u6708\u66dc\u65e5\u3001\u5ddd\u306b\u304b\u304b\u308b\u6a4b\u304c\u4e00\u5e74\u9593\u9589\u9396\u3055\u308c\u308b\u3068\u8ff0\u3079\u305f\u3002\u4f4f\u6c11\u306f\u4e0d\u6e80\u3092\u62b1\u3044\u3066\u3044\u308b\u3002",
        ),
    ],
)
def test_a_text_in_an_older_encoding_is_read_as_it_was_written(encoding: str, text: str, times: int) -> None:
    decoded = decode((f"{text} " * times).encode(encoding))
    assert not isinstance(decoded, Finding)
    assert decoded[0] == f"{text} " * times
    assert decoded[1].confidence >= 0.9
    assert decoded[1].step


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text",
    [
        "The bridge opens today.\n\nNobody came.",
        "\u041c\u043e\u0441\u0442 0 \u043e\u0442\u043a\u0440\u044b\u0442\n\n\u041d\u043e\u0432\u044b\u0439 \u043c\u043e\u0441\u0442 \u043e\u0442\u043a\u0440\u044b\u0442 \u0441\u0435\u0433\u043e\u0434\u043d\u044f.",
    ],
)
def test_utf_16_is_known_without_its_mark(encoding: str, text: str) -> None:
    decoded = decode(text.encode(encoding))
    assert not isinstance(decoded, Finding)
    assert (decoded[0], decoded[1].name) == (text, encoding)
