"""Times PyTorch, transformers and peft on the shape that `palinote bench paligemma` measures, on one GPU.

    python3 Tests/GPU/peer.py [--parts prefill,decode,lora,full] [--batches 1,4] [--compile] [--repeats 10]

PaliGemma 2 3B at 448 pixels, random bfloat16 weights, 1,024 image and 64 text tokens of which half are learned. Prints a
line of JSON for each measure: name, batch, median and best seconds, peak GiB allocated.
"""

import argparse
import json
import time

import torch
import transformers
from transformers import PaliGemmaConfig, PaliGemmaForConditionalGeneration


def configuration():
    return PaliGemmaConfig(
        vision_config=dict(
            model_type="siglip_vision_model", hidden_size=1152, intermediate_size=4304, num_hidden_layers=27,
            num_attention_heads=16, image_size=448, patch_size=14, projection_dim=2304, vision_use_head=False),
        text_config=dict(
            model_type="gemma2", hidden_size=2304, intermediate_size=9216, num_hidden_layers=26, num_attention_heads=8,
            num_key_value_heads=4, head_dim=256, vocab_size=257216, num_image_tokens=1024, query_pre_attn_scalar=256,
            sliding_window=4096, tie_word_embeddings=True),
        image_token_index=257152, projection_dim=2304, hidden_size=2304)


def make_model():
    torch.manual_seed(0)
    with torch.device("cuda"):
        model = PaliGemmaForConditionalGeneration._from_config(configuration(), dtype=torch.bfloat16)
    return model


def make_batch(size, text=64):
    generator = torch.Generator(device="cuda").manual_seed(1)
    ids = torch.randint(5, 257000, (size, text), generator=generator, device="cuda")
    ids[:, 0] = 2
    image = torch.full((size, 1024), 257152, device="cuda")
    ids = torch.cat([image, ids], 1)
    types = torch.zeros_like(ids)
    types[:, -text // 2:] = 1
    labels = ids.clone()
    labels[types == 0] = -100
    pixels = torch.rand(size, 3, 448, 448, generator=generator, device="cuda").mul(2).sub(1).to(torch.bfloat16)
    return dict(
        input_ids=ids, attention_mask=torch.ones_like(ids), token_type_ids=types, pixel_values=pixels), labels


def measure(name, batch, repeats, work, compiling=False):
    torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    work()
    torch.cuda.synchronize()
    first = time.perf_counter() - start
    for _ in range(2):
        work()
    times = []
    for _ in range(repeats):
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    times.sort()
    print(json.dumps(dict(
        measure=name, batch=batch, compiled=compiling, first=round(first, 4), median=round(times[len(times) // 2], 5),
        best=round(times[0], 5), peak_gib=round(torch.cuda.max_memory_allocated() / 2**30, 2))), flush=True)


def time_prefill(model, batch, repeats):
    inputs, _ = make_batch(batch)
    inputs["token_type_ids"] = torch.zeros_like(inputs["token_type_ids"])

    @torch.inference_mode()
    def work():
        model(**inputs, use_cache=True, logits_to_keep=1)

    measure("prefill", batch, repeats, work)


def time_decode(model, batch, repeats, tokens=32):
    inputs, _ = make_batch(batch)
    inputs["token_type_ids"] = torch.zeros_like(inputs["token_type_ids"])
    times = {}
    with torch.inference_mode():
        for count in (1, 1 + tokens):
            model.generate(**inputs, max_new_tokens=count, min_new_tokens=count, do_sample=False)
            runs = []
            for _ in range(max(2, repeats // 3)):
                torch.cuda.synchronize()
                start = time.perf_counter()
                model.generate(**inputs, max_new_tokens=count, min_new_tokens=count, do_sample=False)
                torch.cuda.synchronize()
                runs.append(time.perf_counter() - start)
            times[count] = sorted(runs)[len(runs) // 2]
    step = (times[1 + tokens] - times[1]) / tokens
    print(json.dumps(dict(measure="decode, a step", batch=batch, median=round(step, 6))), flush=True)


def time_step(name, model, batch, repeats, compiling):
    inputs, labels = make_batch(batch)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=2e-5, fused=True)
    forward = torch.compile(model) if compiling else model

    def work():
        loss = forward(**inputs, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    measure(name, batch, repeats, work, compiling)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", default="prefill,decode,lora,full")
    parser.add_argument("--batches", default="1,4")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--compile", action="store_true", help="the steps under torch.compile, which takes minutes")
    options = parser.parse_args()
    parts, batches = options.parts.split(","), [int(b) for b in options.batches.split(",")]
    print(json.dumps(dict(
        device=torch.cuda.get_device_name(), torch=torch.__version__, transformers=transformers.__version__)), flush=True)
    model = make_model().eval()
    if "prefill" in parts:
        time_prefill(model, 1, options.repeats)
    if "decode" in parts:
        for batch in (1, 8):
            time_decode(model, batch, options.repeats)
    model.train()
    if "full" in parts:
        for name, parameter in model.named_parameters():
            parameter.requires_grad = "vision_tower" not in name and "multi_modal_projector" not in name
        for batch in batches:
            time_step("full step, vision frozen", model, batch, options.repeats, options.compile)
    if "lora" in parts:
        from peft import LoraConfig, get_peft_model

        for parameter in model.parameters():
            parameter.requires_grad = False
        adapted = get_peft_model(model, LoraConfig(
            r=8, lora_alpha=8, task_type="CAUSAL_LM",
            target_modules=r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"))
        adapted.to(torch.bfloat16)
        for batch in batches:
            time_step("LoRA step", adapted, batch, options.repeats, options.compile)


main()
