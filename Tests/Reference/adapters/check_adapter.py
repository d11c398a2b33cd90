"""Loads an adapter folder written by Palinote into peft and compares logits.

    python adapters/check_adapter.py --version newest --adapter DIR --expected FILE.safetensors [--base DIR]

FILE holds a batch and the `logits` that Palinote computed with the adapter (`palinote model trace --inputs`). Prints the
largest difference over real tokens; exits with 1 where it exceeds 2e-4 of the logits' range, where peft warns about a
key, or where the adapter changes nothing.
"""

import argparse
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from peft import PeftModel
from safetensors.torch import load_file

from common import fixtures, trace
from common.loading import load_folder
from common.versions import PINNED, make_deterministic, program

TOLERANCE = 2e-4  # on pg2-tiny peft's float32 logits are themselves 7e-5 of the range from its float64 ones


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", choices=PINNED, required=True)
    parser.add_argument("--adapter", type=Path, required=True)
    parser.add_argument("--expected", type=Path, required=True)
    parser.add_argument("--base", type=Path, default=fixtures.ROOT / "models" / "pg2-tiny")
    return parser.parse_args()


def key_warnings(caught: list[warnings.WarningMessage]) -> list[str]:
    """Warnings about adapter keys; others (deprecations) do not matter here."""
    texts = [str(entry.message) for entry in caught]
    return [text for text in texts if "missing adapter keys" in text.lower() or "unexpected" in text.lower()]


def main() -> None:
    """Loads, compares, reports."""
    options = arguments()
    program(options.version)
    make_deterministic()
    stored = load_file(options.expected)
    expected = stored["logits"].float()
    batch = {key: stored[key] for key in trace.INPUTS if key in stored}
    if "labels" in stored:
        batch["labels"] = stored["labels"]
    base = load_folder(options.base)
    real = batch["attention_mask"].bool()
    with torch.no_grad():
        plain = trace.run(base, batch).logits[real]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            adapted = PeftModel.from_pretrained(base, options.adapter).eval()
        found = trace.run(adapted, batch).logits[real]
    difference = (found - expected[real]).abs().max().item()
    extent = (expected[real].max() - expected[real].min()).item()
    print(f"max difference {difference:.3g} of range {extent:.3g}; without the adapter {(plain - found).abs().max():.3g}")
    problems = key_warnings(caught)
    if problems or difference > TOLERANCE * extent or torch.equal(plain, found):
        sys.exit("\n".join(["the adapter does not load as written", *problems]))


if __name__ == "__main__":
    main()
