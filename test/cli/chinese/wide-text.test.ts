import { describe, expect, it } from 'vitest';
import { columnsOf, wrapWide } from '../../../src/cli/chinese/wide-text.ts';

describe('text in columns', () => {
  it('counts a Chinese character as two', () => {
    expect(columnsOf('abc')).toBe(3);
    expect(columnsOf('训练 a，b')).toBe(9);
    expect(columnsOf('–…')).toBe(2);
  });

  it('breaks between Chinese characters, and never within a word', () => {
    expect(wrapWide('训练一个小模型', 6)).toBe('训练一\n个小模\n型');
    expect(wrapWide('读取 tokenizer.json 文件', 14)).toBe('读取\ntokenizer.json\n文件');
    expect(wrapWide('短', 10)).toBe('短');
    expect(wrapWide('', 10)).toBe('');
    expect(wrapWide('一行\n二行', 10)).toBe('一行\n二行');
  });

  it('begins no line with a mark that closes, and ends none with one that opens', () => {
    expect(wrapWide('训练模型，评测', 8)).toBe('训练模\n型，评测');
    expect(wrapWide('训练模（默认：十）', 8)).toBe('训练模\n（默认：\n十）');
    for (let width = 4; width < 40; width++) {
      const lines = wrapWide(
        '切分更长的文档，尽量在段落末尾（默认：1 MiB；使用 --split tail 时为 16 MiB）',
        width,
      ).split('\n');
      for (const line of lines) {
        expect(line, `${width}`).not.toMatch(/^[，。、；：）]|[（]$|^ | $/);
      }
    }
  });

  it('fits the width wherever a piece does', () => {
    const text = '按每篇文档文本的哈希划分，或取阅读顺序的末尾部分；auto：按哈希，除非文档很少';
    for (let width = 12; width < 60; width++) {
      for (const line of wrapWide(text, width).split('\n')) expect(columnsOf(line)).toBeLessThanOrEqual(width);
    }
  });
});
