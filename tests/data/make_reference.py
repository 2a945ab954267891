"""Writes the small reference cases beside this file from a second implementation of the model.

It shares nothing with the crate: GGUF is parsed here, the arithmetic is numpy's in float32, and
token ids are those of the PyPI package `tokenizers`. Run it with the default model's file:

    pip install numpy tokenizers
    python tests/data/make_reference.py SmolLM2-135M-Instruct.Q4_1.gguf

With a second argument, a file like reference_logprobs_f32.json, it writes nothing and prints the
largest difference from that file's logprobs, in nats.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

HERE = Path(__file__).parent
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
SPECIAL = 3

TEXTS = [
    "Snow fell on the harbour all night, and by 7 o'clock the boats were white.",
    "def area(radius):\n    return 3.14159 * radius ** 2\n",
    "<|im_start|>user\nName a river in Egypt.<|im_end|>\n<|im_start|>assistant\nThe Nile.<|im_end|>\n",
]
ITEMS = [
    ("geography", "Lake Titicaca lies between Peru and", [" Bolivia", " Norway", " Japan", " Egypt"], 0),
    ("kitchen", "Question: How do you keep a cut apple from turning brown?\nAnswer:",
     [" Leave it in the sun for an hour.", " Brush it with a little lemon juice.",
      " Bake it together with the knife."], 1),
    ("opposites", "The opposite of 'shallow' is", [" deep", " narrow", " shallow water"], 0),
    ("arithmetic", "Seven plus five makes", [" twelve", " 13", " eleven or so", " fifty-seven"], 0),
    ("story", "Mira locked the door, put the key in her pocket and walked down the hill. She",
     [" was already asleep in the locked room upstairs.", " took the last bus into town.",
      " is a prime number."], 1),
    ("animals", "Which of these animals lays eggs?", [" the dog", " the hen", " the horse", " the bat"], 1),
]
TOKENIZER_TEXTS = [
    "", " ", "  \n\t two tabs\t\t, three spaces   end", "In 1987 she paid 12,345.60 francs.",
    "They'd've said it's Ann's; we'll see, I'm sure you're right.", "naïve café — déjà vu…",
    "日本語とемешанный текст", "👩‍🚀 waves 🌍!", "<|im_start|>system\nBe terse.<|im_end|>\n",
    "<|endoftext|><|im_start|ы>", "snake_case camelCase x+=1; // ok\r\n\r\n", "\u0000\u007f\u00a0ﬁn",
]


class Gguf:
    """A GGUF v3 file: its metadata, and its tensors as float32 arrays."""

    def __init__(self, path):
        self.bytes, self.at = Path(path).read_bytes(), 0
        assert self.bytes[:4] == b"GGUF"
        self.at = 8
        tensors, entries = self.scalar("Q"), self.scalar("Q")
        self.metadata = {self.string(): self.value(self.scalar("I")) for _ in range(entries)}
        self.table = {}
        for _ in range(tensors):
            name = self.string()
            shape = [self.scalar("Q") for _ in range(self.scalar("I"))][::-1]
            self.table[name] = (shape, self.scalar("I"), self.scalar("Q"))
        alignment = self.metadata.get("general.alignment", 32)
        self.data = -(-self.at // alignment) * alignment

    def scalar(self, code):
        (value,) = struct.unpack_from("<" + code, self.bytes, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def string(self):
        length = self.scalar("Q")
        self.at += length
        return self.bytes[self.at - length : self.at].decode()

    def value(self, kind):
        if kind == 8:
            return self.string()
        if kind == 9:
            kind, count = self.scalar("I"), self.scalar("Q")
            return [self.value(kind) for _ in range(count)]
        return self.scalar(SCALARS[kind])

    def tensor(self, name):
        shape, kind, offset = self.table[name]
        start, count = self.data + offset, int(np.prod(shape))
        if kind == 0:
            return np.frombuffer(self.bytes, "<f4", count, start).reshape(shape)
        blocks = count // 32
        if kind == 3:  # Q4_1: scale, minimum, 16 bytes of two 4-bit values half a block apart
            layout = np.dtype([("d", "<f2"), ("m", "<f2"), ("q", "u1", 16)])
            block = np.frombuffer(self.bytes, layout, blocks, start)
            q = np.concatenate([block["q"] & 15, block["q"] >> 4], axis=1).astype(np.float32)
            values = q * block["d"].astype(np.float32)[:, None] + block["m"].astype(np.float32)[:, None]
        elif kind == 8:  # Q8_0: scale, 32 signed bytes
            block = np.frombuffer(self.bytes, np.dtype([("d", "<f2"), ("q", "i1", 32)]), blocks, start)
            values = block["q"].astype(np.float32) * block["d"].astype(np.float32)[:, None]
        else:
            raise ValueError(f"tensor type {kind} of {name}")
        return values.reshape(shape)


def load_tokenizer(metadata):
    tokens, kinds = metadata["tokenizer.ggml.tokens"], metadata["tokenizer.ggml.token_type"]
    merges = [tuple(merge.split(" ", 1)) for merge in metadata["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.add_special_tokens(
        [AddedToken(t, special=True, normalized=False) for t, kind in zip(tokens, kinds) if kind == SPECIAL])
    return tokenizer


class Llama:
    """The default model's forward pass over whole sequences, without a cache."""

    def __init__(self, gguf):
        self.weights = {name.removesuffix(".weight"): gguf.tensor(name) for name in gguf.table}
        get = lambda key: gguf.metadata["llama." + key]
        self.layers, self.epsilon = get("block_count"), get("attention.layer_norm_rms_epsilon")
        self.heads, self.kv_heads = get("attention.head_count"), get("attention.head_count_kv")
        self.head_width, self.base = get("embedding_length") // self.heads, get("rope.freq_base")

    def norm(self, x, name):
        scale = 1 / np.sqrt(np.mean(x.astype(np.float64) ** 2, axis=-1, keepdims=True) + self.epsilon)
        return x * scale.astype(np.float32) * self.weights[name]

    def rotate(self, x):
        """Turns adjacent pairs of `x`, [heads, tokens, head_width], as GGUF files order them."""
        frequencies = self.base ** (-np.arange(0, self.head_width, 2) / self.head_width)
        turn = np.exp(1j * np.outer(np.arange(x.shape[1]), frequencies))
        turned = (x[..., 0::2] + 1j * x[..., 1::2]) * turn
        return np.stack([turned.real, turned.imag], axis=-1).reshape(x.shape).astype(np.float32)

    def attend(self, x, layer):
        split = lambda name, heads: (x @ self.weights[f"{layer}.attn_{name}"].T).reshape(
            len(x), heads, self.head_width).transpose(1, 0, 2)
        group = self.heads // self.kv_heads
        q, k = self.rotate(split("q", self.heads)), self.rotate(split("k", self.kv_heads))
        k, v = k.repeat(group, axis=0), split("v", self.kv_heads).repeat(group, axis=0)
        scores = q @ k.transpose(0, 2, 1) / np.float32(np.sqrt(self.head_width))
        scores[:, np.triu(np.ones(scores.shape[1:], bool), 1)] = -np.inf
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (weights / weights.sum(axis=-1, keepdims=True)) @ v
        return mixed.transpose(1, 0, 2).reshape(len(x), -1) @ self.weights[f"{layer}.attn_output"].T

    def logprobs(self, ids):
        """log p(next token), [tokens, vocabulary], in float64."""
        x = self.weights["token_embd"][ids]
        for layer in (f"blk.{i}" for i in range(self.layers)):
            x = x + self.attend(self.norm(x, f"{layer}.attn_norm"), layer)
            hidden = self.norm(x, f"{layer}.ffn_norm")
            gate, up = (hidden @ self.weights[f"{layer}.ffn_{name}"].T for name in ("gate", "up"))
            x = x + (gate / (1 + np.exp(-gate)) * up) @ self.weights[f"{layer}.ffn_down"].T
        logits = (self.norm(x, "output_norm") @ self.weights["token_embd"].T).astype(np.float64)
        logits -= logits.max(axis=-1, keepdims=True)
        return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def of_next(rows, ids, start):
    """The logprobs of ids[start:], each after the ids before it."""
    return [round(float(rows[i - 1, ids[i]]), 5) for i in range(start, len(ids))]


def text_case(llama, tokenizer, text):
    ids = tokenizer.encode(text).ids
    rows = llama.logprobs(ids)
    top = np.argsort(-rows, axis=-1, kind="stable")[:, :5]
    return {
        "text": text, "ids": ids, "logprobs": [None, *of_next(rows, ids, 1)],
        "top5": [[[int(i), round(float(row[i]), 5)] for i in best] for row, best in zip(rows, top)],
        "entropy": [round(float(-(np.exp(row) * row).sum()), 5) for row in rows],
    }


def choice_case(llama, tokenizer, index, item):
    task, context, choices, gold = item
    start = tokenizer.encode(context).ids
    conts = [tokenizer.encode(context + choice).ids[len(start) :] for choice in choices]
    logprobs = [of_next(llama.logprobs(start + cont), start + cont, len(start)) for cont in conts]
    return {"task": task, "i": index, "gold": gold, "ctx": context, "choices": choices,
            "ctx_tokens": start, "cont_tokens": conts, "logprobs_f32": logprobs}


def write(name, text):
    (HERE / name).write_text(text, encoding="utf-8", newline="\n")


def main(model, reference=None):
    gguf = Gguf(model)
    llama, tokenizer = Llama(gguf), load_tokenizer(gguf.metadata)
    if reference:
        for case in json.loads(Path(reference).read_text(encoding="utf-8"))["cases"]:
            ours = text_case(llama, tokenizer, case["text"])
            assert ours["ids"] == case["ids"], case["text"]
            pairs = [*zip(ours["logprobs"][1:], case["logprobs"][1:]), *zip(ours["entropy"], case["entropy"])]
            print(max(abs(a - b) for a, b in pairs), repr(case["text"][:40]))
        return
    source = {"model": Path(model).name, "source": "tests/data/make_reference.py"}
    dump = lambda value: json.dumps(value, ensure_ascii=False) + "\n"
    cases = [text_case(llama, tokenizer, text) for text in TEXTS]
    write("reference_logprobs_f32.json", dump(source | {"cases": cases}))
    items = [choice_case(llama, tokenizer, *numbered) for numbered in enumerate(ITEMS)]
    write("reference_mc.jsonl", "".join(map(dump, items)))
    cases = [{"text": text, "ids": tokenizer.encode(text).ids} for text in TOKENIZER_TEXTS]
    write("tok_cases.json", dump(source | {"cases": cases}))


if __name__ == "__main__":
    main(*sys.argv[1:])
