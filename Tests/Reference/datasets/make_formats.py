"""A tiny data set in the layouts that supervision writes, for Palinote's readers.

Writes fixtures/datasets/{coco,yolo,voc}/ (two pictures in a train split) and fixtures/datasets/formats.json with the boxes
that supervision itself reads from each: YOLO's shares and Pascal VOC's pixels counted from 1 both leave rounding.

Run: python Tests/Reference/datasets/make_formats.py      (supervision 0.25.1, opencv 5.0.0)
"""

import json
import pathlib
import shutil

import numpy as np
import supervision as sv
from PIL import Image

OUT = pathlib.Path(__file__).parents[1] / "fixtures/datasets"
CLASSES = ["ace of spades", "king & queen", "猫's"]
BOXES = {
    "a.png": ([[10, 20, 40, 44], [0, 0, 64, 48], [5.5, 6.25, 30.75, 40]], [0, 2, 1]),
    "b.png": ([], []),
}

shutil.rmtree(OUT, ignore_errors=True)
OUT.mkdir(parents=True)
pictures = OUT / "pictures"
pictures.mkdir()
annotations = {}
for number, (name, (boxes, ids)) in enumerate(BOXES.items()):
    Image.new("RGB", (64, 48), (40 * number, 90, 120)).save(pictures / name)
    annotations[str(pictures / name)] = sv.Detections(
        xyxy=np.array(boxes, dtype=float).reshape(-1, 4), class_id=np.array(ids, dtype=int))
dataset = sv.DetectionDataset(classes=CLASSES, images=list(annotations), annotations=annotations)

dataset.as_coco(str(OUT / "coco/train"), str(OUT / "coco/train/_annotations.coco.json"))
dataset.as_yolo(str(OUT / "yolo/train/images"), str(OUT / "yolo/train/labels"), str(OUT / "yolo/data.yaml"))
dataset.as_pascal_voc(str(OUT / "voc/train"), str(OUT / "voc/train"))
shutil.rmtree(pictures)

read = {
    "coco": sv.DetectionDataset.from_coco(str(OUT / "coco/train"), str(OUT / "coco/train/_annotations.coco.json")),
    "yolo": sv.DetectionDataset.from_yolo(
        str(OUT / "yolo/train/images"), str(OUT / "yolo/train/labels"), str(OUT / "yolo/data.yaml")),
    "voc": sv.DetectionDataset.from_pascal_voc(str(OUT / "voc/train"), str(OUT / "voc/train")),
}
facts = {}
for format, dataset in read.items():
    facts[format] = {"classes": dataset.classes}
    for path, found in dataset.annotations.items():
        facts[format][pathlib.Path(path).name] = {
            "boxes": np.asarray(found.xyxy, dtype=float).tolist(), "ids": np.asarray(found.class_id).astype(int).tolist()}
(OUT / "formats.json").write_text(json.dumps(facts, ensure_ascii=False))
