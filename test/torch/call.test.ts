import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { call } from '../../src/torch/call.ts';
import * as torch from '../../src/torch/index.ts';
import { native } from '../../src/torch/native.ts';
import { operator } from '../../src/torch/operator.ts';

const { tensor, TorchError } = torch;
const matrix = () =>
  tensor([
    [1, 5, 3],
    [4, 2, 6],
  ]);

describe('operators', () => {
  it('promote numbers as PyTorch does', () => {
    expect(tensor([1], { dtype: 'int64' }).add(2).dtype).toBe('int64');
    expect(tensor([1], { dtype: 'int64' }).add(2.5).dtype).toBe('float32');
    expect(tensor([1], { dtype: 'bfloat16' }).mul(2.5).dtype).toBe('bfloat16');
    expect(tensor([1], { dtype: 'float64' }).mul(2.5).dtype).toBe('float64');
    expect(tensor([1], { dtype: 'uint8' }).add(1).dtype).toBe('uint8');
    expect(tensor([3], { dtype: 'int64' }).div(2).item()).toBe(1.5);
    expect(tensor([1], { dtype: 'int64' }).add(tensor([0.5])).dtype).toBe('float32');
    expect(tensor([2], { dtype: 'int64' }).add(-0).dtype).toBe('float32');
    expect(tensor([1], { dtype: 'float64' }).mul(0.1).item()).toBe(0.1);
  });

  it('take lists, a single number for a list, and defaults', () => {
    expect(matrix().sum().item()).toBe(21);
    expect(matrix().sum([0]).toNumbers()).toEqual([5, 7, 9]);
    expect(matrix().sum(1, { keepdim: true }).shape).toEqual([2, 1]);
    expect(matrix().sum([], { dtype: 'float64' }).dtype).toBe('float64');
    expect(torch.cat([matrix(), matrix()], 1).shape).toEqual([2, 6]);
    expect(matrix().clamp({ min: 2, max: 5 }).toNumbers()).toEqual([2, 5, 3, 4, 2, 5]);
    expect(matrix().clamp({ max: null, min: 4 }).toNumbers()).toEqual([4, 5, 4, 4, 4, 6]);
  });

  it('take strings for modes, element types and devices', () => {
    const x = tensor([0.5]);
    expect(x.gelu({ approximate: 'tanh' }).item()).not.toBe(x.gelu().item());
    expect(torch.zeros([1], { dtype: 'int64', device: 'cpu' }).dtype).toBe('int64');
    expect(torch.einsum('ij,kj->ik', [matrix(), matrix()]).toNumbers()).toEqual([35, 32, 32, 56]);
  });

  it('take optional tensors in lists', () => {
    const columns = tensor([2, 0], { dtype: 'int64' });
    expect(matrix().index([null, columns]).toNumbers()).toEqual([3, 1, 6, 4]);
    const put = torch
      .zeros([2, 2])
      .indexPut_([tensor([0], { dtype: 'int64' }), tensor([1], { dtype: 'int64' })], tensor(7));
    expect(put.toNumbers()).toEqual([0, 7, 0, 0]);
  });

  it('return several results, inside a scope and outside', () => {
    const check = () => {
      const [values, indices] = matrix().topk(2);
      expect(values.toNumbers()).toEqual([5, 3, 6, 4]);
      expect(indices.toNumbers()).toEqual([1, 2, 2, 0]);
      expect(
        matrix()
          .split(1)
          .map(part => part.toNumbers()),
      ).toEqual([
        [1, 5, 3],
        [4, 2, 6],
      ]);
      const [y, mean, rstd] = torch.nativeLayerNorm(matrix(), [3], 1e-5);
      expect([y.shape, mean.shape, rstd.shape]).toEqual([
        [2, 3],
        [2, 1],
        [2, 1],
      ]);
    };
    check();
    torch.scope(check);
  });

  it('return plain values where the schema does', () => {
    expect(matrix().equal(matrix())).toBe(true);
    expect(call(operator('aten::size.int'), [matrix(), 1])).toBe(3);
    expect(call(operator('aten::item'), [tensor(1.5)])).toBe(1.5);
    const backward = operator('aten::native_layer_norm_backward');
    const x = matrix();
    const [, mean, rstd] = torch.nativeLayerNorm(x, [3], 1e-5);
    const [dx, dw, db] = call(backward, [x, x, [3], mean, rstd, null, null, [true, false, false]]) as unknown[];
    expect([(dx as torch.Tensor).shape, dw, db]).toEqual([[2, 3], undefined, undefined]);
  });

  it('return their own argument when they work in place', () => {
    const x = matrix();
    expect(x.add_(1)).toBe(x);
    expect(x.zero_()).toBe(x);
    expect(x.toNumbers()).toEqual([0, 0, 0, 0, 0, 0]);
    const resized = tensor([1, 2]);
    expect(resized.shape).toEqual([2]);
    expect(call(operator('aten::resize_'), [resized, [5]])).toBe(resized);
    expect(resized.shape).toEqual([5]);
  });

  it('work on lists in place', () => {
    const list = [tensor([1, 2]), tensor([[3]])];
    torch._foreachMul_(list, 2);
    expect(list.map(x => x.toNumbers())).toEqual([[2, 4], [6]]);
    const scaled = call(operator('aten::_foreach_mul.ScalarList'), [list, [0.5, 3]]) as torch.Tensor[];
    expect(scaled.map(x => x.toNumbers())).toEqual([[1, 2], [18]]);
  });

  it('are found by name', () => {
    expect(torch.hasOperator('aten::add.Tensor')).toBe(true);
    expect(torch.hasOperator('aten::no_such_thing')).toBe(false);
    expect(native().operatorNames().length).toBeGreaterThan(1000);
  });
});

describe('errors', () => {
  const message = (body: () => unknown): string => {
    try {
      body();
    } catch (error) {
      expect(error).toBeInstanceOf(TorchError);
      return (error as Error).message;
    }
    throw new Error('nothing was thrown');
  };

  it('name the operator, the shapes and what is wrong', () => {
    expect(message(() => matrix().matmul(matrix()))).toBe(
      'aten::matmul(self: float32[2, 3], other: float32[2, 3]): mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)',
    );
    expect(message(() => torch.cat([]))).toMatch(/^aten::cat\(tensors: \[\]\): .*non-empty/);
    expect(message(() => torch.embedding(matrix(), tensor([7], { dtype: 'int64' })))).toMatch(/index out of range/);
    expect(message(() => torch.cat([matrix(), null as never]))).toMatch(/'tensors' takes no null/);
    expect(message(() => torch.zeros([2 ** 40]))).toMatch(/out of memory: could not allocate \d+ bytes/);
  });

  it('say which argument was freed', () => {
    const freed = matrix();
    freed.dispose();
    expect(message(() => matrix().add(freed))).toMatch(/argument 'other' was freed already/);
    expect(message(() => torch.cat([freed]))).toMatch(/argument 'tensors' was freed already/);
    expect(() => freed.shape).toThrow(/freed already/);
    expect(String(freed)).toBe('Tensor freed tensor');
    freed.dispose();
  });

  const wrong: [string, () => unknown, RegExp][] = [
    ['a string for a number', () => matrix().softmax('x' as never), /'dim' takes int, not string x/],
    ['a tensor for a number', () => matrix().softmax(tensor(1) as never), /'dim' takes int, not float32\[\]/],
    ['a boolean for a number', () => matrix().softmax(true as never), /'dim' takes int, not boolean true/],
    ['a fraction for an integer', () => matrix().softmax(0.5), /'dim' takes int, not number 0.5/],
    ['a fraction in a list of integers', () => matrix().sum([0.5]), /'dim' takes int\[\], not \[0.5\]/],
    ['a tensor in a list of integers', () => matrix().view([tensor(6)] as never), /'size' takes int\[\]/],
    ['numbers for tensors', () => torch.cat([1, 2] as never), /'tensors' takes Tensor\[\], not \[1, 2\]/],
    ['an object', () => matrix().add({} as never), /'other' takes Tensor, not object/],
    ['a boolean for a string', () => matrix().gelu({ approximate: true as never }), /'approximate' takes str/],
    ['a number for a generator', () => matrix().multinomial(1, { generator: 3 as never }), /takes Generator/],
    [
      'an unknown element type',
      () => matrix().softmax(0, { dtype: 'float' as never }),
      /'dtype' takes int, not string/,
    ],
    ['no element type', () => call(operator('aten::zeros'), [[2], 99]), /'dtype' takes no 99/],
    ['a negative element type', () => call(operator('aten::zeros'), [[2], -1]), /'dtype' takes no -1/],
    ['no layout', () => call(operator('aten::zeros'), [[2], undefined, 77]), /'layout' takes no 77/],
    ['no memory format', () => call(operator('aten::clone', ['self', 'memory_format']), [matrix(), 9]), /takes no 9/],
    ['an unknown device', () => torch.zeros([1], { device: 'toaster' }), /toaster/],
    ['nothing at all', () => matrix().matmul(undefined as never), /'other' is missing/],
    ['an unknown operator', () => call(operator('aten::frobnicate'), []), /has no operator aten::frobnicate/],
    ['an unknown parameter', () => call(operator('aten::neg', ['self', 'x']), []), /takes no argument 'x'/],
  ];
  it.each(wrong)('explain %s', (_, body, expected) => {
    expect(message(body)).toMatch(expected);
  });

  it('leave nothing behind', () => {
    const { tensors, liveBytes } = torch.memoryStats();
    const x = matrix();
    for (let i = 0; i < 20; i++) expect(() => torch.scope(() => x.add(1).matmul(x.mul(2)))).toThrow(TorchError);
    x.dispose();
    const after = torch.memoryStats();
    expect([after.tensors, after.liveBytes]).toEqual([tensors, liveBytes]);
  });
});

describe('arguments of any kind', () => {
  const names = [
    'aten::add.Tensor',
    'aten::sum.dim_IntList',
    'aten::cat',
    'aten::index.Tensor',
    'aten::gelu',
    'aten::topk',
    'aten::layer_norm',
    'aten::clamp',
    'aten::multinomial',
    'aten::zeros',
    'aten::native_layer_norm_backward',
    'aten::_foreach_add_.List',
    'aten::dropout',
  ];
  const generator = new torch.Generator(1);
  const scalar = fc.oneof(
    fc.constantFrom<unknown>(
      undefined,
      null,
      true,
      false,
      'float32',
      'tanh',
      '',
      {},
      Symbol.iterator.toString(),
      1n,
      generator,
    ),
    fc.integer({ min: -3, max: 5 }),
    fc.double({ min: -1e6, max: 1e6 }),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60),
    fc.constantFrom('scalar', 'vector', 'matrix').map(kind => ({ kind })),
  );
  const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }));
  const realise = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(realise);
    const kind = (item as { kind?: string } | null | undefined)?.kind;
    if (kind === 'scalar') return tensor(1);
    if (kind === 'vector') return tensor([1, 0], { dtype: 'int64' });
    return kind === 'matrix' ? matrix() : item;
  };

  it('give a result or a TorchError, and never a crash', { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.array(value, { maxLength: 8 }), (name, values) => {
        torch.scope(() => {
          try {
            call(operator(name), values.map(realise));
          } catch (error) {
            expect(error).toBeInstanceOf(TorchError);
          }
        });
      }),
      { numRuns: process.env.TSLM_LONG ? 20_000 : 800, seed: 1 },
    );
  });
});
