import { describe, expect, it } from 'vitest';
import * as torch from '../../src/torch/index.ts';
import { checkGradients } from './helpers.ts';

const { backward, grad, tensor, TorchError } = torch;
const leaf = (values: torch.NestedNumbers) => tensor(values, { dtype: 'float64', requiresGrad: true });

describe('backward', () => {
  it('accumulates into leaves until they are cleared', () => {
    const x = leaf([1, 2, 3]);
    expect(x.grad).toBeUndefined();
    backward(x.square().sum());
    expect(x.grad!.toNumbers()).toEqual([2, 4, 6]);
    backward(x.sum());
    expect(x.grad!.toNumbers()).toEqual([3, 5, 7]);
    x.grad = undefined;
    expect(x.grad).toBeUndefined();
    x.grad = tensor([1, 1, 1], { dtype: 'float64' });
    backward(x.sum());
    expect(x.grad!.toNumbers()).toEqual([2, 2, 2]);
  });

  it('takes a gradient for what is no scalar', () => {
    const x = leaf([1, 2]);
    expect(() => backward(x.mul(2))).toThrow(
      /^backward\(float64\[2\]\): grad can be implicitly created only for scalar/,
    );
    backward(x.mul(2), { gradient: tensor([1, 10], { dtype: 'float64' }) });
    expect(x.grad!.toNumbers()).toEqual([2, 20]);
  });

  it('goes back a second time only when the graph was kept', () => {
    const x = leaf([2]);
    const y = x.square().sum();
    backward(y, { retainGraph: true });
    backward(y);
    expect(x.grad!.item()).toBe(8);
    expect(() => backward(y)).toThrow(TorchError);
  });

  it('reaches only the leaves asked for', () => {
    const [x, y] = [leaf([2]), leaf([3])];
    backward(x.mul(y).sum(), { inputs: [y] });
    expect(x.grad).toBeUndefined();
    expect(y.grad!.item()).toBe(2);
  });

  it('refuses freed tensors', () => {
    const x = leaf([1]);
    const y = x.sum();
    y.dispose();
    expect(() => backward(y)).toThrow(/freed already/);
    expect(() => grad(x.sum(), [y])).toThrow(/freed already/);
  });
});

describe('grad', () => {
  it('returns gradients and leaves .grad alone', () => {
    const [x, y] = [leaf([2]), leaf([3])];
    const [dx, dy] = grad(x.mul(y).sum(), [x, y]);
    expect([dx!.item(), dy!.item(), x.grad]).toEqual([3, 2, undefined]);
  });

  it('says which inputs were not used, or refuses', () => {
    const [x, y] = [leaf([2]), leaf([3])];
    expect(grad(x.sum(), [y, x], { allowUnused: true }).map(g => g?.item())).toEqual([undefined, 1]);
    expect(() => grad(x.sum(), [y])).toThrow(/^grad\(float64\[\]\): .*differentiated Tensors/);
  });

  it('differentiates twice', () => {
    const x = leaf([2]);
    const [first] = grad(x.pow(3).sum(), [x], { createGraph: true });
    const [second] = grad(first!.sum(), [x]);
    expect([first!.item(), second!.item()]).toEqual([12, 12]);
  });

  it('weighs several outputs', () => {
    const x = leaf([2]);
    const gradients = [tensor([1], { dtype: 'float64' }), tensor([10], { dtype: 'float64' })];
    expect(grad([x.square(), x.mul(3)], [x], { gradients })[0]!.item()).toBe(34);
  });
});

describe('modes', () => {
  const records = (): boolean => leaf([1]).mul(2).requiresGrad;

  it('switch recording off and on, nested', () => {
    expect(records()).toBe(true);
    torch.noGrad(() => {
      expect(records()).toBe(false);
      torch.enableGrad(() => expect(records()).toBe(true));
      expect(records()).toBe(false);
    });
    expect(records()).toBe(true);
    torch.inferenceMode(() => {
      expect(records()).toBe(false);
      torch.inferenceMode(() => expect(records()).toBe(false));
      expect(records()).toBe(false);
    });
    expect(records()).toBe(true);
  });

  it('are put back by an exception', () => {
    const fail = () => {
      throw new Error('stop');
    };
    for (const mode of [torch.noGrad, torch.inferenceMode, (body: () => unknown) => torch.autocast('bfloat16', body)]) {
      expect(() => mode(fail)).toThrow('stop');
      expect(records()).toBe(true);
      expect(torch.autocastDtype()).toBeUndefined();
    }
  });

  it('refuse promises', () => {
    for (const mode of [torch.noGrad, torch.enableGrad, torch.inferenceMode]) {
      expect(() => mode(async () => 1)).toThrow(/do not reach across await/);
      expect(records()).toBe(true);
    }
  });

  it('see what an in-place operator on a view does to its base', () => {
    const base = torch.zeros([2], { dtype: 'float64' });
    expect(base.requiresGrad).toBe(false);
    base.narrow(0, 0, 1).add_(leaf([1]));
    expect(base.requiresGrad).toBe(true);
  });

  it('refuse gradients of integers', () => {
    expect(() => tensor([1], { dtype: 'int64', requiresGrad: true })).toThrow(/floating point/);
  });
});

describe('autocast', () => {
  it('casts a weight once a region, again when a scope inside freed the cast', () => {
    const weight = torch.randn([2, 2]);
    torch.autocast('bfloat16', () => {
      expect(torch.castWeight(weight)).toBe(torch.castWeight(weight));
      expect(torch.castInput(tensor([1], { dtype: 'int64' })).dtype).toBe('int64');
    });
    torch.autocast('bfloat16', () => {
      for (let i = 0; i < 2; i++) torch.scope(() => expect(torch.castWeight(weight).sum().dtype).toBe('bfloat16'));
      torch.autocast('float32', () => expect(torch.castWeight(weight)).toBe(weight));
    });
    expect(torch.castWeight(weight)).toBe(weight);
  });

  it('lets gradients arrive in float32', () => {
    const weight = tensor([[1, 2]], { requiresGrad: true });
    backward(
      torch.autocast('bfloat16', () => torch.linear(torch.castInput(tensor([[3, 4]])), torch.castWeight(weight))).sum(),
    );
    expect(weight.grad!.dtype).toBe('float32');
    expect(weight.grad!.toNumbers()).toEqual([3, 4]);
  });
});

/** Values away from the kinks and poles of the operators below. */
const sample = (shape: number[], seed: number) =>
  torch.withSeed(seed, () => torch.rand(shape, { dtype: 'float64' }).mul(1.6).add(0.2));

type Case = [name: string, shapes: number[][], f: (...inputs: torch.Tensor[]) => torch.Tensor];
const ids = () => tensor([2, 0, 2], { dtype: 'int64' });
const cases: Case[] = [
  ['add, broadcast', [[2, 3], [3]], (x, y) => x.add(y, { alpha: 2 })],
  [
    'sub',
    [
      [2, 3],
      [2, 1],
    ],
    (x, y) => x.sub(y),
  ],
  ['mul', [[2, 3], [3]], (x, y) => x.mul(y)],
  ['div', [[2, 3], [3]], (x, y) => x.div(y)],
  ['pow', [[4]], x => x.pow(2.5)],
  ['powTensor', [[3], [3]], (x, y) => x.powTensor(y)],
  ['neg exp log', [[4]], x => x.neg().exp().add(1).log()],
  ['expm1 log1p', [[4]], x => x.expm1().log1p().square()],
  ['log2 sqrt rsqrt', [[4]], x => x.log2().add(x.sqrt()).add(x.rsqrt())],
  ['reciprocal abs', [[4]], x => x.reciprocal().add(x.sub(5).abs())],
  ['sin cos', [[4]], x => x.sin().mul(x.cos())],
  ['tanh sigmoid', [[4]], x => x.tanh().mul(x.sigmoid())],
  ['relu', [[4]], x => x.sub(0.9).relu()],
  ['gelu', [[4]], x => x.sub(1).gelu()],
  ['gelu tanh', [[4]], x => x.sub(1).gelu({ approximate: 'tanh' })],
  ['silu softplus erf', [[4]], x => x.silu().add(x.softplus()).add(x.erf())],
  ['clamp', [[5]], x => x.clamp({ min: 0.5, max: 1.2 }).square()],
  ['maximum minimum', [[4], [4]], (x, y) => x.maximum(y).mul(x.minimum(y))],
  [
    'matmul',
    [
      [2, 3, 4],
      [4, 2],
    ],
    (x, y) => x.matmul(y),
  ],
  [
    'mm',
    [
      [2, 3],
      [3, 2],
    ],
    (x, y) => x.mm(y),
  ],
  [
    'bmm',
    [
      [2, 2, 3],
      [2, 3, 2],
    ],
    (x, y) => x.bmm(y),
  ],
  ['addmm', [[2], [2, 3], [3, 2]], (b, x, y) => b.addmm(x, y, { beta: 0.5, alpha: 2 })],
  [
    'baddbmm',
    [
      [2, 2, 2],
      [2, 2, 3],
      [2, 3, 2],
    ],
    (b, x, y) => b.baddbmm(x, y),
  ],
  [
    'einsum',
    [
      [2, 3],
      [3, 2],
    ],
    (x, y) => torch.einsum('ij,jk->ki', [x, y]),
  ],
  ['softmax', [[2, 4]], x => x.softmax(-1)],
  ['logSoftmax', [[2, 4]], x => x.logSoftmax(-1)],
  ['logsumexp', [[2, 4]], x => x.logsumexp([1])],
  ['sum mean', [[2, 3]], x => x.sum([0]).add(x.mean([1], { keepdim: true }))],
  ['prod', [[4]], x => x.prod()],
  ['amax amin', [[2, 3]], x => x.amax([1]).mul(x.amin([1]))],
  ['var', [[2, 4]], x => x.var_([1])],
  ['cumsum', [[2, 3]], x => x.cumsum(1)],
  ['topk', [[6]], x => x.topk(3)[0]],
  ['sort', [[5]], x => x.sort()[0]],
  ['maskedFill', [[4]], x => x.maskedFill(x.detach().gt(1), 3).square()],
  ['where', [[4], [4]], (x, y) => torch.where(x.detach().gt(y.detach()), x, y).square()],
  ['gather', [[3, 2]], x => x.gather(0, tensor([[2, 0]], { dtype: 'int64' }))],
  ['indexSelect', [[3, 2]], x => x.indexSelect(0, ids())],
  ['index', [[3, 2]], x => x.index([ids()])],
  ['embedding', [[3, 2]], x => torch.embedding(x, ids())],
  ['view permute', [[2, 6]], x => x.view([2, 3, 2]).permute([2, 0, 1]).square()],
  ['transpose reshape', [[2, 3]], x => x.transpose(0, 1).reshape([6]).square()],
  ['unsqueeze expand', [[3]], x => x.unsqueeze(0).expand([2, 3]).square()],
  ['repeat flatten', [[2, 2]], x => x.repeat([2, 1]).flatten().square()],
  ['unfold', [[6]], x => x.unfold(0, 3, 2).square()],
  ['slice narrow select', [[4, 3]], x => x.slice({ dim: 0, start: 1, step: 2 }).narrow(1, 0, 2).select(0, 1).square()],
  ['split chunk unbind', [[4, 2]], x => x.split(3)[0].chunk(2)[1].unbind()[0].square()],
  ['tril triu', [[3, 3]], x => x.tril().mul(x.triu({ diagonal: -1 }))],
  [
    'roll flip diagonal',
    [[3, 3]],
    x =>
      x
        .roll([1], { dims: [0] })
        .flip([1])
        .diagonal()
        .square(),
  ],
  [
    'cat stack',
    [
      [2, 2],
      [2, 2],
    ],
    (x, y) => torch.cat([x, torch.stack([x.sum([0]), y.sum([0])])], 1).square(),
  ],
  ['linear', [[2, 3], [4, 3], [4]], (x, w, bias) => torch.linear(x, w, { bias })],
  ['layerNorm', [[2, 4], [4], [4]], (x, weight, bias) => torch.layerNorm(x, [4], { weight, bias })],
  ['crossEntropyLoss', [[3, 3]], x => torch.crossEntropyLoss(x, tensor([2, -100, 0], { dtype: 'int64' }))],
  ['mseLoss', [[3], [3]], (x, y) => torch.mseLoss(x, y)],
  [
    'binaryCrossEntropyWithLogits',
    [[3]],
    x => torch.binaryCrossEntropyWithLogits(x, tensor([0, 1, 1], { dtype: 'float64' })),
  ],
  ['constantPadNd', [[2, 2]], x => torch.constantPadNd(x, [1, 0, 0, 1], { value: 2 }).square()],
  ['vectorNorm', [[4]], x => x.vectorNorm()],
  ['to', [[3]], x => x.to({ copy: true }).square()],
];

describe('gradients agree with finite differences', () => {
  it.each(cases)('%s', (_, shapes, f) => {
    torch.scope(() => {
      for (const seed of [1, 2, 3]) {
        const inputs = shapes.map((shape, i) => sample(shape, 10 * seed + i));
        checkGradients(() => f(...inputs), inputs);
      }
    });
  });

  it('and the check sees a gradient that is wrong', () => {
    const x = sample([3], 1);
    expect(() => checkGradients(() => x.square().add(x.detach()), [x])).toThrow(/input 0, element 0/);
  });
});
