"""Odd location texts, and what supervision reads in them.

Writes fixtures/detection/location_text.json: for each text and list of classes, the boxes, names and class ids of
`sv.Detections.from_lmm(sv.LMM.PALIGEMMA, text, resolution_wh=..., classes=...)`.

Run: python Tests/Reference/detection/make_location_text.py      (supervision 0.25.1, numpy 2.1.3)
"""

import json
import pathlib

import supervision as sv

FOUR = "<loc0100><loc0200><loc0300><loc0400>"
MORE = "<loc0512><loc0256><loc1023><loc0768>"

TEXTS = [
    "",
    " ",
    ";",
    "cat",
    "no objects found",
    FOUR,
    FOUR + " ",
    FOUR + "  ",
    FOUR + " cat",
    FOUR + "  cat",
    FOUR + "cat",
    FOUR + "\tcat",
    FOUR + " cat ",
    FOUR + " cat ; ",
    FOUR + " cat;",
    FOUR + " cat ; " + MORE + " dog",
    FOUR + " cat;" + MORE + " dog",
    FOUR + " cat " + MORE + " dog",
    FOUR + " cat" + MORE + " dog",
    FOUR + " cat ; dog",
    FOUR + " cat, dog",
    FOUR + " ; " + MORE + " dog",
    FOUR + " cat\n" + MORE + " dog",
    FOUR + MORE + " cat",
    "<loc0001>" + FOUR + " cat",
    "<loc0001> " + FOUR + " cat",
    "<loc0100><loc0200><loc0300> cat",
    "<loc0100> <loc0200><loc0300><loc0400> cat",
    "<loc100><loc0200><loc0300><loc0400> cat",
    "<loc00100><loc0200><loc0300><loc0400> cat",
    "<loc1024><loc0200><loc9999><loc0400> cat",
    "<loc0300><loc0400><loc0100><loc0200> crossed",
    "<loc0100><loc0100><loc0100><loc0100> no area",
    "<LOC0100><LOC0200><LOC0300><LOC0400> cat",
    "<loc-001><loc0200><loc0300><loc0400> cat",
    "<loc٠١٢٣><loc0200><loc0300><loc0400> cat",
    "<loc０１２３><loc0200><loc0300><loc0400> cat",
    "<loc²²²²><loc0200><loc0300><loc0400> cat",
    "I see " + FOUR + " cat",
    "detect cat\n" + FOUR + " cat",
    FOUR + " cat<eos>",
    FOUR + " cat <eos> " + MORE + " dog",
    "<bos>" + FOUR + " cat<pad><pad>",
    FOUR + " <seg000><seg001> cat",
    FOUR + "<seg000><seg001> cat",
    FOUR + " 10 of clubs ; " + MORE + " queen of hearts",
    FOUR + " traffic-light",
    FOUR + " traffic_light",
    FOUR + " St. Bernard",
    FOUR + " on/off switch",
    FOUR + " cat's eye",
    FOUR + " cat (black)",
    FOUR + " fish & chips",
    FOUR + " C++",
    FOUR + " 50%",
    FOUR + " a:b",
    FOUR + " \"cat\"",
    FOUR + " .cat",
    FOUR + " -cat",
    FOUR + " - ",
    FOUR + " 猫",
    FOUR + " 红心 A ; " + MORE + " 黑桃 K",
    FOUR + " кошка",
    FOUR + " قطة",
    FOUR + " किताब",
    FOUR + " แมว",
    FOUR + " café",
    FOUR + " cafe\u0301",
    FOUR + " 고양이",
    FOUR + " 🐈",
    FOUR + " cat🐈",
    FOUR + " ½ pint",
    FOUR + " x² y₂ Ⅷ ①",
    FOUR + " \u00a0cat\u00a0",
    FOUR + " \u3000猫\u3000",
    FOUR + " cat\u200b",
    FOUR + " cat\u2028dog",
    FOUR + " cat\x1cdog\x1f",
    FOUR + "\u00a0cat",
    FOUR + " cat\x85",
    FOUR + " _",
    FOUR + " cat ; " + FOUR + " cat",
    FOUR + " cat ; <loc0512><loc0256> dog ; " + MORE + " bird",
    FOUR + " cat ; " + MORE + " unicorn ; <loc0001><loc0002><loc0003><loc0004> dog",
]

CLASS_LISTS = [None, ["cat", "dog"], ["dog", "café", "猫", "10 of clubs", "cat", "cat"], []]


def read(text, size, classes):
    """The detections of supervision as plain lists."""
    found = sv.Detections.from_lmm(sv.LMM.PALIGEMMA, text, resolution_wh=size, classes=classes)
    ids = None if classes is None else [int(i) for i in found.class_id]
    return {
        "text": text,
        "size": size,
        "classes": classes,
        "boxes": found.xyxy.tolist(),
        "names": [str(name) for name in found.data["class_name"]],
        "ids": ids,
    }


cases = []
for number, text in enumerate(TEXTS):
    for list_number, classes in enumerate(CLASS_LISTS):
        if list_number < 2 or "caf" in text or "猫" in text or "10" in text or not text.strip():
            cases.append(read(text, [(640, 480), (1024, 1024), (333, 777)][number % 3], classes))

out = pathlib.Path(__file__).parents[1] / "fixtures/detection/location_text.json"
out.write_text(json.dumps({"supervision": sv.__version__, "cases": cases}, ensure_ascii=False, indent=0))
print(len(TEXTS), "texts,", len(cases), "cases")
