"""Shows that each feature of pg2-tiny changes its logits: exits with 1 where switching one off changes nothing.

    python models/check_features.py --version newest
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from common import batches, tiny_models, trace
from common.loading import load
from common.versions import parse_version

CHANGES = {
    "no sliding window": {"sliding_window": 4096},
    "no attention cap": {"attn_logit_softcapping": None},
    "no final cap": {"final_logit_softcapping": None},
    "query scalar = head_dim": {"query_pre_attn_scalar": 8},
    "rope_theta 10000": {"rope_theta": 10000.0, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
    "exact GELU": {"hidden_activation": "gelu"},
}


def logits(**overrides) -> torch.Tensor:
    """The logits of the real tokens of three left-padded examples."""
    batch = batches.make(tiny_models.config("pg2-tiny"), batches.THREE, "left", 7, True)
    with torch.no_grad():
        return trace.run(load("pg2-tiny", **overrides), batch).logits[batch["attention_mask"].bool()]


def main() -> None:
    """Prints the largest change of a logit for each feature."""
    parse_version(__doc__)
    reference = logits()
    idle = []
    for name, overrides in CHANGES.items():
        change = (logits(**overrides) - reference).abs().max().item()
        print(f"{name}: {change:.3g}")
        if change < 1e-4:
            idle.append(name)
    if idle:
        sys.exit(f"no effect: {idle}")


if __name__ == "__main__":
    main()
