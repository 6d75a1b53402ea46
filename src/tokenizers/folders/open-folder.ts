/** A model folder's tokenizer, whichever of Transformers' formats it is in. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../support/errors.ts';
import { readJson } from '../../support/files.ts';
import type { FolderContents } from './pieces.ts';
import { fromSentencePiece } from './sentence-piece.ts';
import { readSentencePieceModel } from './sentence-piece-model.ts';
import { readTokenizerConfig, type TokenizerConfig } from './tokenizer-config.ts';
import { malformed } from './tokenizer-json.ts';
import { fromVocabJson } from './vocab-json.ts';
import { fromVocabTxt } from './vocab-txt.ts';

const SENTENCE_PIECE_FILES = ['spiece.model', 'tokenizer.model', 'sentencepiece.bpe.model'];

/**
 * tokenizer.json where there is one; else vocab.txt (BERT), vocab.json and merges.txt (GPT-2, RoBERTa, Qwen 2) or a
 * SentencePiece model.
 *
 * @returns the contents, and the file that they come from
 * @throws UserError when there is no tokenizer in the folder, or it is damaged
 */
export function openFolder(folder: string): Omit<FolderContents, 'json'> & { json: unknown; file: string } {
  const config = readTokenizerConfig(folder);
  const at = (name: string): string => join(folder, name);
  const has = (name: string): boolean => existsSync(at(name));
  if (has('tokenizer.json')) return { json: readJson(at('tokenizer.json')), config, file: at('tokenizer.json') };
  if (has('vocab.txt')) {
    return { ...fromVocabTxt(readFileSync(at('vocab.txt'), 'utf8'), config), file: at('vocab.txt') };
  }
  const family = familyOf(folder, config);
  if (has('vocab.json') && has('merges.txt')) {
    const vocab = readJson(at('vocab.json'));
    if (typeof vocab !== 'object' || vocab === null) throw malformed(at('vocab.json'), 'tokens and ids are expected');
    const merges = readFileSync(at('merges.txt'), 'utf8');
    return { ...fromVocabJson(vocab as Record<string, number>, merges, config, family), file: at('vocab.json') };
  }
  const model = SENTENCE_PIECE_FILES.find(has);
  if (model) return { ...fromSentencePiece(readSentencePieceModel(at(model)), config, family), file: at(model) };
  throw new UserError('TSLM_NO_TOKENIZER', `${folder}: no tokenizer.json`, {
    hint: `nor vocab.txt, vocab.json with merges.txt, ${SENTENCE_PIECE_FILES.join(' or ')}: check the path`,
  });
}

/** The model type as `tokenizer_class` or config.json names it, in lower case and without signs. */
function familyOf(folder: string, { tokenizer_class: name }: TokenizerConfig): string {
  const named = /^(.+?)Tokenizer(?:Fast)?$/.exec(name ?? '')?.[1];
  const isGeneric = named === undefined || named === 'PreTrained';
  const path = join(folder, 'config.json');
  const type = isGeneric && existsSync(path) ? (readJson(path) as { model_type?: unknown } | null)?.model_type : named;
  return typeof type === 'string' ? type.toLowerCase().replace(/[^a-z0-9]/g, '') : '';
}
