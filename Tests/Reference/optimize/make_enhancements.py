"""Makes Tests/Reference/fixtures/optimize/enhancements.json: what Pillow's ImageEnhance makes of a small picture.

A picture of 9 x 7 pixels is stored as numbers, with the numbers that contrast, brightness and sharpness give for some factors.

Run: python Tests/Reference/optimize/make_enhancements.py   (Pillow 13.0.0, numpy 2.1.3)
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "optimize"
WIDTH, HEIGHT = 9, 7

pixels = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
image = Image.fromarray(pixels)
cases = []
for name in ["Contrast", "Brightness", "Sharpness"]:
    for factor in [0.0, 0.35, 1.0, 1.3, 2.5]:
        changed = getattr(ImageEnhance, name)(image).enhance(factor)
        cases.append({"kind": name.lower(), "factor": factor, "pixels": np.asarray(changed).reshape(-1).tolist()})
FOLDER.mkdir(parents=True, exist_ok=True)
with open(FOLDER / "enhancements.json", "w") as file:
    json.dump({"width": WIDTH, "height": HEIGHT, "pixels": pixels.reshape(-1).tolist(), "cases": cases}, file)
    file.write("\n")
