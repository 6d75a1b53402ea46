"""Records small merges by the formulas of the papers and of mergekit, in numpy and double precision, for test/models/merging.

    python record_merging.py > test/fixtures/merging.json
"""

import json

import numpy as np

random = np.random.default_rng(7)
base = random.normal(size=(5, 6)).astype(np.float32).astype(np.float64)
models = [(base + 0.3 * random.normal(size=base.shape)).astype(np.float32).astype(np.float64) for _ in range(3)]
weights, densities = [0.5, 0.3, 0.9], [0.4, 0.7, 0.5]


def linear(normalize):
    total = sum(w * m for w, m in zip(weights, models))
    return total / sum(weights) if normalize else total


def slerp(t, a, b):
    cosine = np.sum(a / np.linalg.norm(a) * (b / np.linalg.norm(b)))
    if abs(cosine) > 0.9995:
        return (1 - t) * a + t * b
    angle = np.arccos(cosine)
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


def task_arithmetic(normalize, factor):
    total = sum(w * (m - base) for w, m in zip(weights, models))
    return base + factor * (total / sum(weights) if normalize else total)


def largest(delta, density):
    keep = np.argsort(-np.abs(delta).ravel(), kind="stable")[: int(density * delta.size)]
    mask = np.zeros(delta.size)
    mask[keep] = 1
    return delta * mask.reshape(delta.shape)


def ties(normalize, factor):
    deltas = np.stack([w * largest(m - base, d) for w, m, d in zip(weights, models, densities)])
    elected = np.where(deltas.sum(0) >= 0, 1, -1)
    mask = np.sign(deltas) == elected
    divisor = (np.array(weights)[:, None, None] * mask).sum(0)
    divisor[divisor == 0] = 1
    total = (deltas * mask).sum(0)
    return base + factor * (total / divisor if normalize else total)


results = {
    "linear": linear(True),
    "linear_not_normalized": linear(False),
    "slerp": slerp(0.3, models[0], models[1]),
    "slerp_opposite": slerp(0.25, base, base[::-1].copy()),
    "slerp_parallel": slerp(0.3, base, 1.5 * base),
    "task_arithmetic": task_arithmetic(False, 1),
    "task_arithmetic_normalized": task_arithmetic(True, 0.7),
    "ties": ties(True, 1),
    "ties_not_normalized": ties(False, 0.6),
}
inputs = {"base": base, "models": models, "weights": weights, "densities": densities}
print(json.dumps({"inputs": inputs, "results": results}, default=lambda array: np.asarray(array).round(9).tolist()))
