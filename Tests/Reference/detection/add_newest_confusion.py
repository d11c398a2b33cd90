"""Adds supervision 0.31.2's confusion matrices to fixtures/detection/metrics.json, beside 0.25.1's.

Run after make_metrics.py, with the newest supervision: python Tests/Reference/detection/add_newest_confusion.py
"""

import json
import pathlib

import numpy as np
import supervision as sv


def detections(rows, scored):
    """Rows as supervision's Detections."""
    table = np.array(rows, dtype=float).reshape(-1, 6 if scored else 5)
    return sv.Detections(
        xyxy=table[:, :4], class_id=table[:, 4].astype(int), confidence=table[:, 5] if scored else None)


path = pathlib.Path(__file__).parents[1] / "fixtures/detection/metrics.json"
data = json.loads(path.read_text())
changed = 0
for entry in data["sets"]:
    predictions = [detections(picture["predictions"], True) for picture in entry["images"]]
    targets = [detections(picture["targets"], False) for picture in entry["images"]]
    names = [str(number) for number in range(entry["classes"])]
    entry["confusion_newest"] = [
        sv.ConfusionMatrix.from_detections(predictions, targets, names, confidence, iou).matrix.tolist()
        for confidence, iou in data["thresholds"]
    ]
    changed += entry["confusion_newest"] != entry["confusion"]
data["made_by"]["supervision newest"] = sv.__version__
path.write_text(json.dumps(data, separators=(",", ":")))
print(sv.__version__, changed, "sets of", len(data["sets"]), "differ from 0.25.1")
