"""Random settings of greedy search and beam search."""

from spec import Generation


def draw_generations(r, vocab, pad, inputs, start=None, max_new_tokens=8):
    """`inputs(padding)` makes inputs, with padding or without; `start` is the decoder's first token, if it has one."""
    base = {"max_new_tokens": max_new_tokens, "do_sample": False, "pad_token_id": 0 if pad is None else pad}
    if start is not None:
        base["decoder_start_token_id"] = start
    greedy = Generation("greedy", inputs(False), {**base, "num_beams": 1, "eos_token_id": None})
    padded_greedy = Generation(
        "padded_greedy", inputs(True), {**base, "num_beams": 1, "eos_token_id": r.randrange(vocab)}
    )
    beams = [draw_beams(r, f"beams{i}", vocab, base, inputs) for i in range(2)]
    saved = Generation("saved_generation_config", inputs(False), {"max_new_tokens": max_new_tokens}, uses_saved=True)
    return [greedy, padded_greedy, *beams, saved]


def draw_beams(r, name, vocab, base, inputs):
    beams = r.choice([2, 3, 4])
    config = {
        **base,
        "num_beams": beams,
        "eos_token_id": r.choice([None, r.randrange(vocab), [r.randrange(vocab) for _ in range(3)]]),
        "length_penalty": r.choice([0.0, 0.6, 1.0, 2.0, -1.0]),
        "early_stopping": r.choice([True, False, "never"]),
    }
    if r.maybe(0.4):
        config["num_return_sequences"] = r.randint(1, beams)
    if r.maybe(0.3):
        config["no_repeat_ngram_size"] = r.choice([1, 2, 3])
    if r.maybe(0.3):
        config["repetition_penalty"] = r.choice([0.8, 1.3, 2.0])
    if r.maybe(0.3):
        config["min_new_tokens"] = 4
    if r.maybe(0.2):
        config["forced_eos_token_id"] = r.randrange(vocab)
    if r.maybe(0.2):
        config["suppress_tokens"] = [r.randrange(vocab) for _ in range(4)]
    if r.maybe(0.2):
        config["renormalize_logits"] = True
    return Generation(name, inputs(r.maybe()), config)
