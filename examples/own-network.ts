/** A network of one's own, trained by hand: layers, a loss, an optimizer. It learns the exclusive or. */
import { backward, manualSeed, scope, tensor } from 'tslm';
import { initUniform, Linear, Module } from 'tslm/nn';
import { mseLoss, type Tensor } from 'tslm/torch';
import { adamW } from 'tslm/train';

class Network extends Module {
  readonly hidden = new Linear(2, 8);
  readonly out = new Linear(8, 1);

  /** [batch, 2] → [batch, 1] */
  forward(x: Tensor): Tensor {
    return this.out.forward(this.hidden.forward(x).tanh());
  }
}

manualSeed(0);
const network = new Network();
for (const parameter of network.parameters()) initUniform(parameter, 0.7); // until then a weight is whatever lies in memory
const optimizer = adamW([...network.namedParameters()], { weightDecay: 0 });
const inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]; // biome-ignore format: a truth table
let last = Number.NaN;
for (let step = 0; step < 300; step++) {
  scope(() => {
    const loss = mseLoss(network.forward(tensor(inputs)), tensor([[0], [1], [1], [0]]));
    backward(loss);
    optimizer.step(0.03);
    network.zeroGrad();
    last = loss.item();
  });
}
console.log(last < 0.01, last);
