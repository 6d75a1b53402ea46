/** A byte-level BPE tokenizer from a text: training, encoding, decoding, saving. */
import { readFileSync } from 'node:fs';
import { trainTokenizer } from 'tslm';

const text = readFileSync('README.md', 'utf8');
const tokenizer = await trainTokenizer([text], { vocabSize: 500 });
const { ids, tokens } = tokenizer.encode('Every stage reads folders');
console.log(ids.length, tokens.join('|'));
console.log(tokenizer.decode(ids));
tokenizer.save('tokenizers/readme');
