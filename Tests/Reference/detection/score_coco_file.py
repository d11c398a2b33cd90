"""Scores a COCO file of predictions with pycocotools, to hold beside what `evaluate` says of the same predictions.

    palinote exec 'dataset load samples/cards' 'dataset convert --to coco --out /tmp/coco' 'processor load' 'model load' \
        'evaluate valid --out /tmp/found.json'
    python score_coco_file.py /tmp/coco/valid/_annotations.coco.json /tmp/found.json
"""

import json
import sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def main():
    labels, found = sys.argv[1:]
    targets = COCO(labels)
    opened = COCO(found)
    print(f"{len(opened.imgs)} images, {len(opened.anns)} boxes, {len(opened.cats)} classes")
    names = {image["id"]: image["file_name"] for image in targets.imgs.values()}
    assert all(names[image["id"]] == image["file_name"] for image in opened.imgs.values())
    assert {c["id"]: c["name"] for c in targets.cats.values()} == {c["id"]: c["name"] for c in opened.cats.values()}
    evaluation = COCOeval(targets, targets.loadRes(json.load(open(found))["annotations"]), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    print("map50_95 {:.4f}  map50 {:.4f}  map75 {:.4f}".format(*evaluation.stats[:3]))


if __name__ == "__main__":
    main()
