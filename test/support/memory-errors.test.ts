import { expect, it } from 'vitest';
import { UserError } from '../../src/support/errors.ts';
import { explainMemoryError } from '../../src/support/memory-errors.ts';
import { zeros } from '../../src/torch/index.ts';

it.each([
  ['out of memory: could not allocate 4000000000 bytes', 'out of memory: 4.0 GB more were asked for'],
  [
    "[enforce fail at alloc_cpu.cpp:66] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes. Error code 12",
    'out of memory: 8 B more were asked for',
  ],
  ['std::bad_alloc', 'out of memory'],
  ['CUDA out of memory. Tried to allocate 2.00 GiB', 'the GPU is out of memory'],
  ['Array buffer allocation failed', 'out of memory'],
])('%s', (message, explained) => {
  expect(explainMemoryError(new Error(message))).toMatchObject({
    code: 'TSLM_OUT_OF_MEMORY',
    message: explained,
    hint: expect.stringContaining('smaller model'),
  });
});

it('what the allocator says is known', () => {
  let thrown: unknown;
  try {
    zeros([2 ** 45]);
  } catch (error) {
    thrown = error;
  }
  expect(explainMemoryError(thrown, 'less')).toMatchObject({ code: 'TSLM_OUT_OF_MEMORY', hint: 'less' });
});

it('leaves everything else alone', () => {
  const other = new Error('the shapes do not fit');
  expect(explainMemoryError(other)).toBe(other);
  const ours = new UserError('TSLM_X', 'std::bad_alloc');
  expect(explainMemoryError(ours)).toBe(ours);
});
