"""Random rope_parameters: all the kinds of rotation that Transformers knows."""


def draw_rope(r, kinds, head_dim, max_positions, partial=1.0, may_truncate=True):
    kind = r.choice(kinds)
    rope = {"rope_type": kind, "rope_theta": r.choice([100.0, 10000.0, 500000.0, 1e6])}
    original = max(4, max_positions // r.choice([2, 4]))
    if kind in ("linear", "dynamic"):
        rope["factor"] = r.choice([1.5, 2.0, 4.0])
    elif kind == "llama3":
        rope.update(
            factor=r.choice([2.0, 8.0]),
            low_freq_factor=1.0,
            high_freq_factor=r.choice([2.0, 4.0]),
            original_max_position_embeddings=original,
        )
    elif kind == "yarn":
        rope.update(draw_yarn(r, original, may_truncate))
    elif kind == "longrope":
        rope.update(draw_longrope(r, original, int(head_dim * partial) // 2))
    return rope


def draw_yarn(r, original, may_truncate):
    yarn = {"factor": r.choice([2.0, 4.0, 3.0]), "original_max_position_embeddings": original}
    if r.maybe(0.3):
        yarn["attention_factor"] = r.choice([0.7, 1.2])
    if r.maybe(0.3):
        yarn["beta_fast"] = 16.0
    if r.maybe(0.3):
        yarn["beta_slow"] = 2.0
    if r.maybe(0.3):
        yarn["mscale"] = r.choice([0.7, 1.0])
        yarn["mscale_all_dim"] = r.choice([1.0, 0.5])
    if r.maybe(0.2) and may_truncate:
        yarn["truncate"] = False
    return yarn


def draw_longrope(r, original, frequencies):
    longrope = {
        "short_factor": [round(r.uniform(1, 2), 2) for _ in range(frequencies)],
        "long_factor": [round(r.uniform(2, 6), 2) for _ in range(frequencies)],
        "original_max_position_embeddings": original,
    }
    if r.maybe(0.3):
        longrope["factor"] = r.choice([2.0, 4.0])
    if r.maybe(0.3):
        longrope["attention_factor"] = 1.3
    return longrope
