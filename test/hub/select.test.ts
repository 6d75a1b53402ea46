import { describe, expect, it } from 'vitest';
import { globToRegExp, selectFiles } from '../../src/hub/select.ts';

const select = (names: string) =>
  selectFiles(
    names.split(' ').map(path => ({ path })),
    'org/model',
  )
    .map(({ path }) => path)
    .join(' ');

// Results of Python's fnmatch.fnmatchcase.
describe('patterns', () => {
  const names = ['config.json', 'onnx/model.onnx', 'model.bin', 'pytorch_model.bin', 'a]b', 'a[b', 'sub/x', 'x'].concat(
    ['axb', 'a.b', '(a|b)', '^x', 'bx', 'a\\b', 'b1', 'd1', 'x{1}', ''],
  );
  it.each([
    ['*.json', ['config.json']],
    ['*', names],
    ['onnx/*', ['onnx/model.onnx']],
    ['on?x/*', ['onnx/model.onnx']],
    ['[mp]*.bin', ['model.bin', 'pytorch_model.bin']],
    ['[!m]*', names.filter(name => name !== 'model.bin' && name !== '')],
    ['a[]]b', ['a]b']],
    ['a[b', ['a[b']],
    ['*.[js]*', ['config.json']],
    ['**/x', ['sub/x']],
    ['a.b', ['a.b']],
    ['(a|b)', ['(a|b)']],
    ['[^a]x', ['^x']],
    ['a\\b', ['a\\b']],
    ['[a-c]1', ['b1']],
    ['x{1}', ['x{1}']],
  ])('%s', (pattern, expected) => {
    expect(names.filter(name => globToRegExp(pattern).test(name))).toEqual(expected);
  });

  it('a folder means all that is in it', () => {
    expect(names.filter(name => globToRegExp('onnx/').test(name))).toEqual(['onnx/model.onnx']);
  });

  it('what is no pattern is refused', () => {
    expect(() => globToRegExp('[z-a]')).toThrow(/'\[z-a\]' is not a pattern/);
  });
});

describe('without patterns', () => {
  it.each([
    [
      'safetensors before everything else',
      '.gitattributes 64.tflite README.md config.json flax_model.msgpack generation_config.json merges.txt model.safetensors onnx/config.json onnx/decoder_model.onnx pytorch_model.bin rust_model.ot tf_model.h5 tokenizer.json tokenizer_config.json vocab.json',
      'config.json generation_config.json merges.txt model.safetensors tokenizer.json tokenizer_config.json vocab.json',
    ],
    [
      'shards with their index, not the same weights under other names',
      'LICENSE config.json consolidated.safetensors model-00001-of-00002.safetensors model-00002-of-00002.safetensors model.safetensors.index.json original/params.json original/tokenizer.model params.json pytorch_model-00001-of-00001.bin pytorch_model.bin.index.json tokenizer.model',
      'config.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors model.safetensors.index.json params.json tokenizer.model',
    ],
    [
      '.bin where there is nothing better, and what sentencepiece needs',
      'config.json metadata.json pytorch_model.bin rust_model.ot source.spm target.spm tf_model.h5 vocab.json',
      'config.json metadata.json pytorch_model.bin source.spm target.spm vocab.json',
    ],
    [
      'shards of .bin with their index',
      'config.json pytorch_model-00001-of-00002.bin pytorch_model-00002-of-00002.bin pytorch_model.bin.index.json flax_model.msgpack.index.json',
      'config.json pytorch_model-00001-of-00002.bin pytorch_model-00002-of-00002.bin pytorch_model.bin.index.json',
    ],
    ['one variant of several', 'config.json model.fp16.safetensors model.safetensors', 'config.json model.safetensors'],
    [
      'an adapter',
      'README.md adapter_config.json adapter_model.safetensors',
      'adapter_config.json adapter_model.safetensors',
    ],
    [
      'templates and images',
      'chat_template.jinja config.json preprocessor_config.json spiece.model vocab.txt x.png',
      'chat_template.jinja config.json preprocessor_config.json spiece.model vocab.txt',
    ],
  ])('%s', (_, there, expected) => {
    expect(select(there)).toBe(expected);
  });

  it('a repository of something else is an error that says what is there', () => {
    expect(() => select('README.md data/a.parquet model.gguf')).toThrow('org/model: no file belongs to a model folder');
  });
});
