"""Tiny random PaliGemma checkpoints in which every feature changes the numbers.

`pg2-tiny` has a Gemma 2 text model: four query heads over two key heads of size 8 (32, not the hidden 40), a query
scalar of 12, an attention cap of 4 and a final cap of 8 that are both reached, a window of 6 tokens in the even
layers, four layers. `pg1-tiny` has a Gemma text model: four query heads over one key head, two norms a layer, no caps.
Both have a SigLIP tower with heads of size 12, norm weights that are not zero, and weights that are bfloat16 values,
so that float32 and bfloat16 runs start from the same numbers.
"""

import torch

PAD, EOS, BOS, NEWLINE, IMAGE = 0, 1, 2, 3, 240
VOCABULARY = 256
SEEDS = {"pg2-tiny": 20, "pg1-tiny": 10}

VISION = {
    "model_type": "siglip_vision_model",
    "attention_dropout": 0.0,
    "hidden_act": "gelu_pytorch_tanh",
    "hidden_size": 36,
    "intermediate_size": 70,
    "layer_norm_eps": 1e-05,
    "num_attention_heads": 3,
    "num_channels": 3,
    "patch_size": 14,
    "vision_use_head": False,
}

TEXT = {
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": BOS,
    "eos_token_id": EOS,
    "pad_token_id": PAD,
    "hidden_act": "gelu_pytorch_tanh",
    "hidden_activation": "gelu_pytorch_tanh",
    "max_position_embeddings": 128,
    "num_attention_heads": 4,
    "rms_norm_eps": 1e-05,
    "rope_theta": 1000.0,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
    "vocab_size": VOCABULARY,
}

GEMMA2 = {
    **TEXT,
    "architectures": ["Gemma2ForCausalLM"],
    "model_type": "gemma2",
    "attn_logit_softcapping": 4.0,
    "final_logit_softcapping": 8.0,
    "head_dim": 8,
    "hidden_size": 40,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_key_value_heads": 2,
    "query_pre_attn_scalar": 12,
    "sliding_window": 6,
}

GEMMA1 = {
    **TEXT,
    "architectures": ["GemmaForCausalLM"],
    "model_type": "gemma",
    "head_dim": 16,
    "hidden_size": 36,
    "intermediate_size": 60,
    "num_hidden_layers": 2,
    "num_key_value_heads": 1,
}


def config(name: str) -> dict:
    """The content of config.json; the top-level hidden_size is wrong on purpose, as in the published checkpoints."""
    text, pixels, layers = (GEMMA2, 42, 3) if name == "pg2-tiny" else (GEMMA1, 28, 2)
    image_tokens = (pixels // 14) ** 2
    vision = {**VISION, "image_size": pixels, "num_hidden_layers": layers, "num_image_tokens": image_tokens}
    return {
        "architectures": ["PaliGemmaForConditionalGeneration"],
        "model_type": "paligemma",
        "bos_token_id": BOS,
        "eos_token_id": EOS,
        "pad_token_id": PAD,
        "hidden_size": 2048,
        "image_token_index": IMAGE,
        "projection_dim": text["hidden_size"],
        "text_config": {**text, "num_image_tokens": image_tokens},
        "torch_dtype": "bfloat16",
        "transformers_version": "4.47.0",
        "vision_config": {**vision, "projection_dim": text["hidden_size"]},
    }


def shapes(settings: dict) -> dict[str, tuple[int, ...]]:
    """Every checkpoint key (4.47 layout) with its shape."""
    vision, text = settings["vision_config"], settings["text_config"]
    return {**vision_shapes(vision), **projector_shapes(vision, text), **text_shapes(text)}


def vision_shapes(vision: dict) -> dict[str, tuple[int, ...]]:
    """Keys of the SigLIP tower."""
    hidden, wide, patch = vision["hidden_size"], vision["intermediate_size"], vision["patch_size"]
    root = "vision_tower.vision_model."
    keys = {
        root + "embeddings.patch_embedding.weight": (hidden, 3, patch, patch),
        root + "embeddings.patch_embedding.bias": (hidden,),
        root + "embeddings.position_embedding.weight": (vision["num_image_tokens"], hidden),
    }
    for layer in range(vision["num_hidden_layers"]):
        at = f"{root}encoder.layers.{layer}."
        for norm in ("layer_norm1", "layer_norm2"):
            keys |= {f"{at}{norm}.weight": (hidden,), f"{at}{norm}.bias": (hidden,)}
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            keys |= {f"{at}self_attn.{name}.weight": (hidden, hidden), f"{at}self_attn.{name}.bias": (hidden,)}
        keys |= {f"{at}mlp.fc1.weight": (wide, hidden), f"{at}mlp.fc1.bias": (wide,)}
        keys |= {f"{at}mlp.fc2.weight": (hidden, wide), f"{at}mlp.fc2.bias": (hidden,)}
    return keys | {root + "post_layernorm.weight": (hidden,), root + "post_layernorm.bias": (hidden,)}


def projector_shapes(vision: dict, text: dict) -> dict[str, tuple[int, ...]]:
    """Keys of the projector."""
    root = "multi_modal_projector.linear."
    return {root + "weight": (text["hidden_size"], vision["hidden_size"]), root + "bias": (text["hidden_size"],)}


def text_shapes(text: dict) -> dict[str, tuple[int, ...]]:
    """Keys of the Gemma or Gemma 2 text model."""
    hidden, wide = text["hidden_size"], text["intermediate_size"]
    queries = text["num_attention_heads"] * text["head_dim"]
    groups = text["num_key_value_heads"] * text["head_dim"]
    norms = ["input_layernorm", "post_attention_layernorm"]
    if text["model_type"] == "gemma2":
        norms += ["pre_feedforward_layernorm", "post_feedforward_layernorm"]
    root = "language_model.model."
    keys = {root + "embed_tokens.weight": (text["vocab_size"], hidden)}
    for layer in range(text["num_hidden_layers"]):
        at = f"{root}layers.{layer}."
        keys |= {f"{at}{norm}.weight": (hidden,) for norm in norms}
        keys |= {f"{at}self_attn.q_proj.weight": (queries, hidden), f"{at}self_attn.o_proj.weight": (hidden, queries)}
        keys |= {f"{at}self_attn.{name}.weight": (groups, hidden) for name in ("k_proj", "v_proj")}
        keys |= {f"{at}mlp.{name}.weight": (wide, hidden) for name in ("gate_proj", "up_proj")}
        keys |= {f"{at}mlp.down_proj.weight": (hidden, wide)}
    return keys | {root + "norm.weight": (hidden,)}


def weights(name: str) -> dict[str, torch.Tensor]:
    """Random bfloat16 weights, large enough that the caps are reached."""
    generator = torch.Generator().manual_seed(SEEDS[name])
    made = {}
    for key, shape in shapes(config(name)).items():
        noise = torch.randn(shape, generator=generator)
        made[key] = (centre(key) + noise * spread(key, shape)).to(torch.bfloat16)
    return made


def centre(key: str) -> float:
    """LayerNorm weights lie around one, Gemma's norm weights (stored as w - 1) and all others around zero; the last
    norm is larger, so that logits spread although the embedding is too small to make a token repeat itself."""
    if key == "language_model.model.norm.weight":
        return 4.0
    is_layer_norm = "vision_tower" in key and "norm" in key and key.endswith("weight")
    return 1.0 if is_layer_norm else 0.0


def spread(key: str, shape: tuple[int, ...]) -> float:
    """The standard deviation of a tensor."""
    if "norm" in key or key.endswith("bias"):
        return 0.25
    if "position_embedding" in key:
        return 0.5
    if "embed_tokens" in key:
        return 0.12
    fan_in = torch.Size(shape[1:]).numel()
    gain = 2.0 if any(name in key for name in ("q_proj", "k_proj", "o_proj", "down_proj")) else 1.0
    return gain * fan_in**-0.5
