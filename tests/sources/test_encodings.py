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
