"""Weights in 4-bit NormalFloat as bitsandbytes' CPU build makes them, and what quantized models answer.

    python quantization/make_quantization.py --version period

fixtures/quantization/blocks-period.safetensors: for each case `CASE/input` (float32 or bfloat16), `CASE/codes`,
`CASE/absmax` (uint8 where nested, else float32), `CASE/nested_absmax`, `CASE/offset`, `CASE/dequantized`; and `map`, the
256 values of the dynamic type. Sums run on one thread: torch's order of summation, hence `offset`, depends on threads.
  weights    normal numbers, three outer blocks
  ragged     a last block that is not full, and an odd count
  zeros      blocks of zeros among others
  wide       spread over many powers of ten, so that scales take all codes
  coarse     bfloat16
  plain      scales not quantized
fixtures/quantization/pg2-tiny-nf4-period: pg2-tiny as transformers saves it in 4 bits with double quantization.
fixtures/quantization/{float32,skipped}-period: the batch of three examples with what the model answers.
  float32    4 bits under float32: logits and loss; gradients of a low-rank adapter on all suffixes
  skipped    the same without vision tower and projector
Where a row is not whole blocks of 64 elements, the AVX-512 path of the reference's CPU kernel takes scales of other blocks (it
counts them by rows); its other paths, and those of other devices, do not. Here matrices are dequantized as one row.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import bitsandbytes
import bitsandbytes.functional as blocks
import bitsandbytes.nn.modules as modules
import torch
import transformers.integrations as integrations
from peft import LoraConfig
from transformers import BitsAndBytesConfig, PaliGemmaForConditionalGeneration

from common import adapters, batches, fixtures, tiny_models, trace
from common.versions import parse_version

SEED = 50


def cases() -> dict[str, tuple[torch.Tensor, bool]]:
    """Inputs, and whether their scales are quantized too."""
    generator = torch.Generator().manual_seed(SEED)
    weights = torch.randn(200, 192, generator=generator) * 0.02
    ragged = torch.randn(13, 45, generator=generator)
    zeros = torch.randn(8, 128, generator=generator)
    zeros[2:5] = 0
    powers = 10 ** (torch.rand(512, 1, generator=generator) * 8 - 7)
    wide = torch.randn(512, 64, generator=generator) * powers
    return {
        "weights": (weights, True),
        "ragged": (ragged, True),
        "zeros": (zeros, True),
        "wide": (wide, True),
        "coarse": (weights[:100].to(torch.bfloat16), True),
        "plain": (weights[:60], False),
    }


exact_dequantize = blocks.dequantize_4bit


def dequantize(codes: torch.Tensor, state, *arguments, **keywords) -> torch.Tensor:
    """bitsandbytes' dequantization of the matrix as one row."""
    shape, state.shape = state.shape, torch.Size([1, state.shape.numel()])
    values = exact_dequantize(codes, state).reshape(shape)
    state.shape = shape
    return values


def multiply(x: torch.Tensor, codes: torch.Tensor, quant_state, bias=None, **_) -> torch.Tensor:
    """The product that bitsandbytes defines, with gradients to `x`."""
    return torch.nn.functional.linear(x, dequantize(codes.detach(), quant_state).to(x.dtype), bias)


def quantize() -> dict[str, torch.Tensor]:
    """Every case through bitsandbytes."""
    found = {"map": blocks.create_dynamic_map()}
    for name, (values, nested) in cases().items():
        # torch.compile, which the odd case runs through, leaves the flag set; the 1e-38 that bitsandbytes puts in place of a
        # scale of zero would then be zero again.
        torch.set_flush_denormal(False)
        codes, state = blocks.quantize_4bit(values, blocksize=64, compress_statistics=nested, quant_type="nf4")
        found |= {f"{name}/input": values, f"{name}/codes": codes.flatten(), f"{name}/absmax": state.absmax}
        found[f"{name}/dequantized"] = dequantize(codes, state)
        if nested:
            found |= {f"{name}/nested_absmax": state.state2.absmax, f"{name}/offset": state.offset.reshape(1)}
    return found


def load(dtype: torch.dtype, skipped: list[str] | None = None):
    """pg2-tiny in 4 bits, in evaluation mode."""
    # The check of release 4.47 does not know this release of bitsandbytes.
    integrations.validate_bnb_backend_availability = lambda **_: True
    # Keep layers in the portable path: the packed one rounds scales to bfloat16 and needs whole blocks of rows.
    modules.has_avx512bf16 = lambda: False
    bitsandbytes.matmul_4bit = multiply
    settings = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=skipped,
    )
    return PaliGemmaForConditionalGeneration.from_pretrained(
        fixtures.ROOT / "models" / "pg2-tiny", quantization_config=settings, torch_dtype=dtype,
        device_map={"": "cpu"}, attn_implementation="eager",
    ).eval()


def answer(name: str, model, version: str) -> None:
    """Logits and loss of the model, and gradients of an adapter on it."""
    config = LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=10, target_modules=adapters.SUFFIXES)
    model = adapters.attach(model, config, SEED).eval()
    batch = batches.make(tiny_models.config("pg2-tiny"), batches.THREE, "left", 7, True)
    result = trace.run(model, batch)
    result.loss.backward()
    trained = adapters.trainable(model)
    tensors = {**batch, **trace.outputs(result)}
    tensors |= {f"adapter/{key}": value for key, value in trained.items()}
    tensors |= {f"grad/{key}": value.grad for key, value in trained.items()}
    fixtures.write("quantization", f"{name}-{version}", tensors, version, SEED, f"pg2-tiny in 4 bits, {name}")


def main() -> None:
    """All fixtures."""
    version = parse_version(__doc__)
    fixtures.write("quantization", f"blocks-{version}", quantize(), version, SEED, "blocks in NF4")
    folder = f"pg2-tiny-nf4-{version}"
    saved = load(torch.bfloat16)
    saved.save_pretrained(fixtures.ROOT / "quantization" / folder)
    fixtures.note("quantization", folder, version, SEED, "folder written by transformers")
    answer("float32", load(torch.float32), version)
    answer("skipped", load(torch.float32, ["vision_tower", "multi_modal_projector", "language_model.lm_head"]), version)


if __name__ == "__main__":
    main()
