/**
 * A model directory: `ngram.json` says what is in it and where each array begins, `ngram.bin` holds the arrays one
 * after the other (little-endian, each at a multiple of 8 bytes), `vocabulary.json` the words of a model of text.
 */
