"""Greedy answers of the tiny models: fixtures/models/MODEL-VERSION-generate{,-left}.safetensors.

    python models/make_generation.py --version newest

One prompt, and three prompts of unequal lengths padded on the left; 12 new tokens, `use_cache=True`. Each file holds the
inputs (token_type_ids are zeros, as the processor gives them), `generated_ids` [B, up to 12] (pads after <eos>, short when all ended) and
`generated_logits` [B, steps, vocabulary] before the choice of each token. `-window-off` runs have sliding_window 4096.
The newest program is checked here against passes without a cache, where generated tokens have token type 1.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from common import batches, fixtures, tiny_models
from common.loading import load
from common.versions import parse_version

SEED = 11
STEPS = 12
LENGTHS = {"generate": [(5, 0)], "generate-left": [(5, 0), (2, 0), (8, 0)]}


def generate(model, batch: dict[str, torch.Tensor], use_cache: bool = True) -> dict[str, torch.Tensor]:
    """Greedy ids and logits by the reference's own loop."""
    result = model.generate(
        **batch,
        max_new_tokens=STEPS,
        do_sample=False,
        use_cache=use_cache,
        return_dict_in_generate=True,
        output_logits=True,
    )
    width = batch["input_ids"].shape[1]
    return {
        "generated_ids": result.sequences[:, width:],
        "generated_logits": torch.stack(result.logits, dim=1).float(),
    }


def recompute(model, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Greedy ids by whole passes: every generated token is appended with token type 1 and mask 1."""
    batch = dict(batch)
    count = batch["input_ids"].shape[0]
    one = torch.ones((count, 1), dtype=torch.long)
    done = torch.zeros((count, 1), dtype=torch.bool)
    chosen = []
    for _ in range(STEPS):
        with torch.no_grad():
            logits = model(**batch, use_cache=False).logits
        token = logits[:, -1].argmax(-1, keepdim=True).masked_fill(done, tiny_models.PAD)
        done |= token == tiny_models.EOS
        chosen.append(token)
        batch["input_ids"] = torch.cat([batch["input_ids"], token], dim=1)
        batch["attention_mask"] = torch.cat([batch["attention_mask"], one], dim=1)
        batch["token_type_ids"] = torch.cat([batch["token_type_ids"], one], dim=1)
        if done.all():
            break
    return torch.cat(chosen, dim=1)


def make(name: str, version: str, case: str, **overrides) -> None:
    """One fixture; `overrides` change the text configuration."""
    model = load(name, **overrides)
    batch = batches.make(tiny_models.config(name), LENGTHS[case], "left", SEED, labels=False)
    found = generate(model, batch)
    same = torch.equal(found["generated_ids"], recompute(model, batch))
    label = f"{name}-{version}-{case}" + ("-window-off" if overrides else "")
    print(f"{label}: ids {found['generated_ids'].tolist()}, equal without a cache: {same}")
    if version == "newest" and not same:
        raise ValueError(f"{label}: the cache changes the ids")
    fixtures.write("models", label, {**batch, **found}, version, SEED, f"greedy ids, {case}, {overrides or 'as config'}")


def main() -> None:
    """Both models, both batches; Gemma 2 also without its window."""
    version = parse_version(__doc__)
    for case in LENGTHS:
        for name in tiny_models.SEEDS:
            make(name, version, case)
        make("pg2-tiny", version, case, sliding_window=4096)


if __name__ == "__main__":
    main()
