"""Random detections with what pycocotools and supervision 0.25.1 score them.

Writes fixtures/detection/metrics.json. Each set has a trait that bites: ties, empty images, images without targets,
crowds, areas on the borders of small, medium and large, classes that nobody predicts or that have no target.

numpy's default argsort is not stable, so what supervision 0.25.1 says of ties depends on the processor. Here it is made
stable (the vectorized sorts are switched off and `np.argsort` of its module sorts stably), which is what Palinote does.

Run: python Tests/Reference/detection/make_metrics.py
Then, with supervision 0.31.2: python Tests/Reference/detection/add_newest_confusion.py
(supervision 0.25.1, pycocotools 2.0.11, numpy 2.1.3)
"""

import os

VECTORIZED = "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"
if "NPY_DISABLE_CPU_FEATURES" not in os.environ:
    import sys

    os.environ["NPY_DISABLE_CPU_FEATURES"] = VECTORIZED
    os.execv(sys.executable, [sys.executable, *sys.argv])

import contextlib
import io
import json
import pathlib
import random
import types
from importlib.metadata import version

import numpy as np
import supervision as sv
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from supervision.metrics import mean_average_precision as sv_map

stable = types.SimpleNamespace(**{name: getattr(np, name) for name in dir(np) if not name.startswith("__")})
stable.argsort = lambda values: np.argsort(values, kind="stable")
sv_map.np = stable


def box(rng, largest=300, grid=1):
    """A box inside 640 x 480, its edges on multiples of `grid`."""
    width, height = rng.uniform(8, largest), rng.uniform(8, largest)
    x, y = rng.uniform(0, 640 - width), rng.uniform(0, 480 - height)
    return [round(v / grid) * grid for v in (x, y, x + width, y + height)]


def moved(rng, target, by, grid=1):
    """A copy of a box, its edges moved by a share of its extent."""
    width, height = target[2] - target[0], target[3] - target[1]
    shift = [rng.gauss(0, by) * extent for extent in (width, height, width, height)]
    x0, y0, x1, y1 = (round((edge + s) / grid) * grid for edge, s in zip(target, shift))
    return [x0, y0, max(x1, x0 + grid), max(y1, y0 + grid)]


def image(rng, classes, targets, confidence, by=0.12, misses=0.2, extra=2, wrong=0.15, grid=1, largest=300):
    """Targets and predictions of one picture, as rows `[x0, y0, x1, y1, class(, confidence)]`."""
    labelled = [box(rng, largest, grid) + [rng.randrange(classes)] for _ in range(targets)]
    predicted = []
    for row in labelled:
        while rng.random() > misses:
            name = rng.randrange(classes) if rng.random() < wrong else row[4]
            predicted.append(moved(rng, row, by, grid) + [name, confidence(rng)])
            if rng.random() > 0.3:
                break
    for _ in range(rng.randrange(extra + 1)):
        predicted.append(box(rng, largest, grid) + [rng.randrange(classes), confidence(rng)])
    rng.shuffle(predicted)
    return {"predictions": predicted, "targets": labelled}


def uniform(rng):
    return round(rng.random(), 4)


def coarse(rng):
    return rng.choice([0.3, 0.5, 0.9])


def one(rng):
    return 1.0


def make_sets():
    """Name, number of classes, and images of each set."""
    rng = random.Random(7)
    yield "one perfect box", 1, [{"predictions": [[10, 10, 60, 60, 0, 0.9]], "targets": [[10, 10, 60, 60, 0]]}]
    yield "no image", 2, []
    yield "no box at all", 2, [{"predictions": [], "targets": []}]
    yield "no prediction", 2, [{"predictions": [], "targets": [[1, 2, 30, 40, 1]]}]
    yield "no target", 2, [{"predictions": [[1, 2, 30, 40, 1, 0.5]], "targets": []}]
    yield "plain", 4, [image(rng, 4, rng.randrange(1, 6), uniform) for _ in range(25)]
    yield "ties in confidence", 3, [image(rng, 3, rng.randrange(1, 5), coarse) for _ in range(20)]
    yield "every confidence 1", 3, [image(rng, 3, rng.randrange(1, 4), one) for _ in range(25)]
    yield "empty images", 3, [image(rng, 3, rng.choice([0, 0, 3]), uniform, extra=1) for _ in range(25)]
    yield "images without targets", 3, [image(rng, 3, rng.choice([0, 2]), uniform, extra=4) for _ in range(20)]
    yield "crowd on a coarse grid", 2, [image(rng, 2, 4, coarse, by=0.25, misses=0.05, grid=16) for _ in range(10)]
    yield "duplicate targets", 2, [doubled(image(rng, 2, 2, uniform, grid=8)) for _ in range(8)]
    yield "classes missing on a side", 8, [one_sided(rng) for _ in range(15)]
    yield "area borders", 2, [borders(rng) for _ in range(8)]
    yield "small boxes", 3, [image(rng, 3, 4, uniform, largest=60, by=0.08) for _ in range(15)]
    yield "boxes without area and crossed corners", 2, [odd_boxes(rng) for _ in range(6)]
    yield "more than a hundred in an image", 1, [image(rng, 1, 40, uniform, misses=0.02, extra=140) for _ in range(2)]
    yield "IoU exactly at thresholds", 1, [thresholds()]


def doubled(picture):
    """The same picture with every target twice."""
    return {"predictions": picture["predictions"], "targets": [t for t in picture["targets"] for _ in range(2)]}


def one_sided(rng):
    """Targets of classes 0 to 4, predictions of classes 2 to 6; class 7 never occurs."""
    picture = image(rng, 5, 3, uniform)
    for row in picture["predictions"]:
        if row[4] < 2:
            row[4] += 5
    return picture


def borders(rng):
    """Targets of exactly 32 x 32, 96 x 96, and a pixel to either side."""
    labelled = []
    for number, side in enumerate([31, 32, 33, 95, 96, 97]):
        x, y = 100 * number, rng.randrange(300)
        labelled.append([x, y, x + side, y + side, number % 2])
    predicted = [moved(rng, row, 0.05, 1) + [row[4], uniform(rng)] for row in labelled if rng.random() < 0.9]
    exact = [row[:4] + [row[4], uniform(rng)] for row in labelled if rng.random() < 0.4]
    return {"predictions": predicted + exact, "targets": labelled}


def odd_boxes(rng):
    """Boxes without area and with crossed corners beside good ones, among the predictions."""
    picture = image(rng, 2, 3, uniform)
    picture["predictions"] += [[50, 50, 50, 80, 0, 0.7], [90, 80, 40, 30, 1, 0.8], [90, 30, 40, 80, 1, 0.6]]
    return picture


def thresholds():
    """Pairs whose IoU is 0.50, 0.55, ... 0.95."""
    labelled, predicted = [], []
    for number in range(10):
        y = 45 * number
        labelled.append([0, y, 100, y + 20, 0])
        predicted.append([0, y, 50 + 5 * number, y + 20, 0, 0.9 - number / 100])
    return {"predictions": predicted, "targets": labelled}


def coco(images, classes):
    """COCOeval's twelve figures and each class's average precisions; -1 where there is no target."""
    truth, results = COCO(), []
    annotations = []
    for number, picture in enumerate(images):
        for row in picture["targets"]:
            x0, y0, x1, y1, name = row
            annotations.append(
                dict(id=len(annotations) + 1, image_id=number, category_id=name, bbox=[x0, y0, x1 - x0, y1 - y0],
                     area=(x1 - x0) * (y1 - y0), iscrowd=0))
        for x0, y0, x1, y1, name, score in picture["predictions"]:
            results.append(dict(image_id=number, category_id=name, bbox=[x0, y0, x1 - x0, y1 - y0], score=score))
    truth.dataset = dict(
        images=[dict(id=number) for number in range(len(images))], annotations=annotations,
        categories=[dict(id=number) for number in range(classes)], info={})
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        found = truth.loadRes(results) if results else COCO()
        if not results:
            found.dataset = dict(truth.dataset, annotations=[])
            found.createIndex()
        evaluation = COCOeval(truth, found, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    precision = evaluation.eval["precision"][:, :, :, 0, 2]
    return {"stats": evaluation.stats.tolist(), "classes": precision.mean(axis=1).T.tolist()}


def detections(rows, scored):
    """Rows as supervision's Detections."""
    table = np.array(rows, dtype=float).reshape(-1, 6 if scored else 5)
    return sv.Detections(
        xyxy=table[:, :4], class_id=table[:, 4].astype(int), confidence=table[:, 5] if scored else None)


def supervision(images):
    """supervision 0.25.1's means for all, small, medium and large, and each class's average precisions."""
    predictions = [detections(picture["predictions"], True) for picture in images]
    targets = [detections(picture["targets"], False) for picture in images]
    result = sv_map.MeanAveragePrecision().update(predictions, targets).compute()
    parts = [result, result.small_objects, result.medium_objects, result.large_objects]
    means = [[float(part.map50_95), float(part.map50), float(part.map75)] for part in parts]
    means = [[0.0 if np.isnan(value) else value for value in row] for row in means]
    rows = zip(result.matched_classes.tolist(), result.ap_per_class.tolist())
    return {"means": means, "classes": {str(name): values for name, values in rows}}


CONFUSION_THRESHOLDS = [(0.3, 0.5), (0.0, 0.3), (0.5, 0.75)]


def confusion(images, classes):
    """supervision's confusion matrix at each pair of thresholds."""
    predictions = [detections(picture["predictions"], True) for picture in images]
    targets = [detections(picture["targets"], False) for picture in images]
    names = [str(number) for number in range(classes)]
    return [
        sv.ConfusionMatrix.from_detections(predictions, targets, names, confidence, iou).matrix.astype(int).tolist()
        for confidence, iou in CONFUSION_THRESHOLDS
    ]


if __name__ == "__main__":
    sets = []
    for name, classes, images in make_sets():
        sets.append(
            dict(name=name, classes=classes, images=images, coco=coco(images, classes),
                 supervision=supervision(images), confusion=confusion(images, classes)))
        print(name, len(images), sets[-1]["coco"]["stats"][:2], sets[-1]["supervision"]["means"][0][:2])
    out = pathlib.Path(__file__).parents[1] / "fixtures/detection/metrics.json"
    made_by = {name: version(name) for name in ("supervision", "pycocotools", "numpy")}
    facts = {"made_by": made_by, "seed": 7, "thresholds": CONFUSION_THRESHOLDS, "sets": sets}
    out.write_text(json.dumps(facts, separators=(",", ":")))
