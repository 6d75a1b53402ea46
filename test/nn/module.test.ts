import { describe, expect, it } from 'vitest';
import { Dropout, initNormal, initOnes, initZeros, Linear, Module, Parameter } from '../../src/nn/index.ts';
import { backward, memoryStats, scope, tensor, withSeed, zeros } from '../../src/torch/index.ts';

class Block extends Module {
  readonly linear = new Linear(2, 2);
  readonly dropout = new Dropout(0.5);
}
class Net extends Module {
  readonly scale = new Parameter(tensor([2]));
  readonly blocks = [new Block(), new Block()];
  readonly tied = this.blocks[0].linear;
  readonly frozen = new Parameter(tensor([1, 1, 1]), { requiresGrad: false });
  readonly name = 'net';
  readonly nothing: Linear | undefined = undefined;
}

describe('Module', () => {
  it('names each parameter by its path, shared ones once', () => {
    const net = new Net();
    expect([...net.namedParameters()].map(([path]) => path)).toEqual([
      'scale',
      'frozen',
      'blocks.0.linear.weight',
      'blocks.0.linear.bias',
      'blocks.1.linear.weight',
      'blocks.1.linear.bias',
    ]);
    expect(net.parameterCount()).toBe(1 + 3 + 2 * 6);
    expect([...net.namedModules()].map(([path]) => path)).toEqual([
      '',
      'blocks.0',
      'blocks.0.linear',
      'blocks.0.dropout',
      'blocks.1',
      'blocks.1.linear',
      'blocks.1.dropout',
      'tied',
    ]);
  });

  it('switches every module between training and evaluation', () => {
    const net = new Net();
    const modes = () => new Set(Array.from(net.namedModules(), ([, module]) => module.training));
    expect(modes()).toEqual(new Set([false]));
    expect(net.train()).toBe(net);
    expect(modes()).toEqual(new Set([true]));
    net.eval();
    expect(modes()).toEqual(new Set([false]));
  });

  it('changes element types in place, and keeps values, sharing and what requires gradients', () => {
    const net = new Net();
    for (const p of net.parameters()) initNormal(p, 1);
    const { weight } = net.tied;
    const before = weight.toNumbers();
    net.to({ dtype: 'float64' });
    expect(net.tied.weight).toBe(weight);
    expect(weight.dtype).toBe('float64');
    expect(weight.toNumbers()).toEqual(before);
    expect([net.scale.requiresGrad, net.frozen.requiresGrad]).toEqual([true, false]);
    net.to({ dtype: 'bfloat16' }).to({ dtype: 'bfloat16' });
    expect(new Set(net.parameters().map(p => p.dtype))).toEqual(new Set(['bfloat16']));
  });

  it('clears gradients', () => {
    const net = new Net();
    scope(() => backward(net.scale.square().sum()));
    expect(net.scale.grad!.item()).toBe(4);
    net.zeroGrad();
    expect(net.scale.grad).toBeUndefined();
  });

  it('holds one tensor a parameter, in no scope, and frees them all', () => {
    const before = memoryStats();
    const net = scope(() => new Net());
    scope(() => void net.to({ dtype: 'float64' }));
    net.to({ dtype: 'float32' });
    expect(memoryStats().tensors - before.tensors).toBe(6);
    scope(() => net.scale.replace(zeros([1])));
    expect(net.scale.item()).toBe(0);
    net.dispose();
    expect(memoryStats()).toMatchObject({ tensors: before.tensors, liveBytes: before.liveBytes });
  });
});

describe('Parameter', () => {
  it('takes its data over', () => {
    const data = tensor([1, 2], { requiresGrad: true }).mul(2);
    const parameter = new Parameter(data);
    expect([parameter.isLeaf, parameter.requiresGrad]).toEqual([true, true]);
    expect(parameter.toNumbers()).toEqual([2, 4]);
    expect(() => data.shape).toThrow(/freed/);
  });

  it('is initialised without leaving a trace in the graph', () => {
    const parameter = new Parameter(zeros([10_000]));
    withSeed(1, () => initNormal(parameter, 0.02, 1));
    expect(Math.abs(parameter.mean().item() - 1)).toBeLessThan(0.001);
    expect(Math.abs(Math.sqrt(parameter.var_().item()) - 0.02)).toBeLessThan(0.001);
    initOnes(parameter);
    expect(parameter.sum().item()).toBe(10_000);
    initZeros(parameter);
    expect(parameter.sum().item()).toBe(0);
    expect([parameter.isLeaf, parameter.requiresGrad]).toEqual([true, true]);
  });
});
