"""Records a small matrix in NF4 with double quantisation, computed in numpy from the definitions of QLoRA and bitsandbytes, for
test/nn/weights: the levels come from quantiles of the normal distribution here, and are not copied.

    python record_nf4.py > test/fixtures/nf4.json
"""

import json
from statistics import NormalDist

import numpy as np

quantile = NormalDist().inv_cdf
upper = [quantile(p) for p in np.linspace(0.9677083, 0.5, 9)[:-1]]
lower = [-quantile(p) for p in np.linspace(0.9677083, 0.5, 8)[:-1]]
levels = np.sort(np.array(upper + [0.0] + lower))
levels = (levels / levels.max()).astype(np.float32)

dynamic = [0.0, 1.0]
for i in range(7):
    borders = np.linspace(0.1, 1, 2**i + 1, dtype=np.float32)
    means = (borders[:-1] + borders[1:]) / 2
    dynamic += list(10.0 ** (i - 6) * means) + list(-(10.0 ** (i - 6)) * means)
dynamic = np.sort(np.array(dynamic, dtype=np.float32))


def nearest(table, values):
    return np.abs(table[None, :] - values[:, None]).argmin(1)


random = np.random.default_rng(3)
shape = (16, 40)
weight = (0.4 * random.normal(size=shape)).round(4).astype(np.float32)
flat = weight.ravel()
blocks = flat.reshape(-1, 64)
largest = np.abs(blocks).max(1)
places = nearest(levels, (blocks / largest[:, None]).ravel())
codes = (places[0::2] << 4) | places[1::2]
offset = largest.mean()
outer = np.abs(largest - offset).max()
scales = nearest(dynamic, (largest - offset) / outer)
again = levels[places].reshape(-1, 64) * (dynamic[scales] * outer + offset)[:, None]
print(
    json.dumps(
        {
            "levels": [float(x) for x in levels],
            "map": [float(x) for x in dynamic],
            "weight": [[float(x) for x in row] for row in weight],
            "codes": codes.tolist(),
            "scales": scales.tolist(),
            "offset": float(offset),
            "outer": float(outer),
            "dequantized": [[round(float(x), 7) for x in row] for row in again.reshape(shape)],
        }
    )
)
