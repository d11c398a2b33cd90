"""Makes Tests/Reference/fixtures/optimize/positions.json: position embeddings that torch interpolates.

As in transformers' SiglipVisionEmbeddings.interpolate_pos_encoding: a grid of patches as a picture whose channels are the
embedding, `torch.nn.functional.interpolate(size=..., mode=..., align_corners=False)`, without antialiasing.

Run: python Tests/Reference/optimize/make_positions.py   (torch 2.13.0, float32)
"""

import json
from pathlib import Path

import torch

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "optimize"
SIZE = 3

cases = []
for side, new in [(4, 8), (4, 7), (5, 3), (2, 9), (3, 3), (1, 4)]:
    generator = torch.Generator().manual_seed(side * 100 + new)
    table = torch.randn(side * side, SIZE, generator=generator)
    grid = table.reshape(1, side, side, SIZE).permute(0, 3, 1, 2)
    for mode in ["bicubic", "bilinear"]:
        made = torch.nn.functional.interpolate(grid, size=(new, new), mode=mode, align_corners=False)
        cases.append(
            {
                "mode": mode, "side": side, "new": new, "size": SIZE, "table": table.reshape(-1).tolist(),
                "made": made.permute(0, 2, 3, 1).reshape(-1).tolist(),
            }
        )
FOLDER.mkdir(parents=True, exist_ok=True)
with open(FOLDER / "positions.json", "w") as file:
    json.dump(cases, file)
    file.write("\n")
