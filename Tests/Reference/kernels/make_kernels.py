"""Writes what torch and transformers answer for single kernels, with gradients, in float32.

    python kernels/make_kernels.py

Needs the period environment (torch 2.5.1, transformers 4.47.0). Writes fixtures/kernels/kernels.json: for each kernel its
tensors by name, each with a shape and values of nine significant digits, which is float32 exactly.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import torch
import transformers
from transformers.models.gemma2.modeling_gemma2 import (
    Gemma2RMSNorm,
    Gemma2RotaryEmbedding,
    apply_rotary_pos_emb,
    eager_attention_forward,
)
from transformers.optimization import AdamW

OUTPUT = Path(__file__).resolve().parents[1] / "fixtures" / "kernels" / "kernels.json"
SEED = 20


def attention() -> dict:
    """Grouped heads, soft-cap reached, a prefix block, a window and padding on the left, as Gemma 2 computes them."""
    batch, length, heads, key_heads, size, pad, prefix, window = 2, 11, 4, 2, 12, 3, 7, 5
    q, k, v = (
        (2 * torch.randn(batch, length, count, size)).requires_grad_() for count in (heads, key_heads, key_heads)
    )
    mask = torch.full((batch, 1, length, length), torch.finfo(torch.float32).min)
    for example, first in enumerate((pad, 0)):
        for i in range(length):
            for j in range(first, length):
                in_prefix = i < prefix and j < prefix
                if in_prefix or (j <= i and i - j < window):
                    mask[example, 0, i, j] = 0
    config = SimpleNamespace(
        num_key_value_groups=heads // key_heads, scaling=0.3, attn_logit_softcapping=5.0, attention_dropout=0.0, training=False
    )
    output, _ = eager_attention_forward(config, q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), mask)
    gradient = torch.randn(output.shape)
    gradient[0, :pad] = 0  # rows of padding: what they give does not matter
    output.backward(gradient)
    output = output.detach().clone()
    output[0, :pad] = 0
    return {
        "q": q, "k": k, "v": v, "gradient": gradient, "output": output, "dq": q.grad, "dk": k.grad, "dv": v.grad,
    }


def rotary() -> dict:
    """Rotary positions of Gemma 2, up to the longest context."""
    size, positions = 16, torch.tensor([0, 1, 2, 77, 1055, 8191])
    x = torch.randn(1, len(positions), 3, size)
    cosine, sine = Gemma2RotaryEmbedding(size)(x, positions[None])
    turned, _ = apply_rotary_pos_emb(x.transpose(1, 2), x.transpose(1, 2), cosine, sine)
    return {"x": x[0], "positions": positions, "output": turned.transpose(1, 2)[0]}


def rms_norm() -> dict:
    """Gemma 2's RMS norm."""
    norm = Gemma2RMSNorm(33, eps=1e-6)
    torch.nn.init.normal_(norm.weight, std=0.5)
    x = torch.randn(5, 33, requires_grad=True)
    output = norm(x)
    gradient = torch.randn(output.shape)
    output.backward(gradient)
    return {
        "x": x, "weight": norm.weight, "gradient": gradient, "output": output, "dx": x.grad, "dweight": norm.weight.grad,
    }


def layer_norm() -> dict:
    """torch's layer norm, as SigLIP uses it."""
    norm = torch.nn.LayerNorm(33, eps=1e-6)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    x = (3 + torch.randn(5, 33)).requires_grad_()
    output = norm(x)
    gradient = torch.randn(output.shape)
    output.backward(gradient)
    return {
        "x": x, "weight": norm.weight, "bias": norm.bias, "gradient": gradient, "output": output, "dx": x.grad,
        "dweight": norm.weight.grad, "dbias": norm.bias.grad,
    }


def gelu() -> dict:
    """GELU's tanh form."""
    x = torch.cat([torch.linspace(-12, 12, 97), torch.tensor([0.0, 1e-8, -1e-8, 30, -30])]).requires_grad_()
    output = torch.nn.functional.gelu(x, approximate="tanh")
    gradient = torch.randn(x.shape)
    output.backward(gradient)
    return {"x": x, "gradient": gradient, "output": output, "dx": x.grad}


def cross_entropy() -> dict:
    """Mean cross-entropy of soft-capped logits over the labels that count."""
    logits = (20 * torch.randn(6, 70)).requires_grad_()
    targets = torch.tensor([3, -100, 69, 0, -100, 12])
    capped = 30 * torch.tanh(logits / 30)
    loss = torch.nn.functional.cross_entropy(capped, targets, ignore_index=-100)
    loss.backward()
    return {"logits": logits, "targets": targets, "loss": loss, "dlogits": logits.grad}


def adamw(make) -> dict:
    """Four updates of one parameter."""
    parameter = torch.nn.Parameter(torch.randn(40))
    result = {"before": parameter.detach().clone()}
    optimizer = make([parameter], lr=0.02, betas=(0.9, 0.95), eps=1e-4, weight_decay=0.1)
    for step in range(1, 5):
        parameter.grad = torch.randn(40) * 10.0 ** (-step)
        result[f"gradient{step}"] = parameter.grad.clone()
        optimizer.step()
    return result | {"after": parameter}


def packed(tensor: torch.Tensor) -> dict:
    """A tensor as JSON."""
    return {"shape": list(tensor.shape), "values": [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()]}


def main() -> None:
    """Makes the file."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    kernels = {
        "attention": attention(), "rotary": rotary(), "rms_norm": rms_norm(), "layer_norm": layer_norm(), "gelu": gelu(),
        "cross_entropy": cross_entropy(), "adamw_torch": adamw(torch.optim.AdamW),
        "adamw_hf": adamw(lambda *values, **options: AdamW(*values, no_deprecation_warning=True, **options)),
    }
    text = {name: {key: packed(value) for key, value in tensors.items()} for name, tensors in kernels.items()}
    made_by = {"torch": torch.__version__, "transformers": transformers.__version__, "seed": SEED}
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps({"made_by": made_by, "kernels": text}, indent=None) + "\n")


main()
