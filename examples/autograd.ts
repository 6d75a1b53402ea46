/** Tensors and gradients: what is made in a scope is freed at its end. */
import { backward, randn, scope, tensor } from 'tslm';

scope(() => {
  const w = randn([3, 2]);
  w.requiresGrad = true;
  const loss = tensor([[1, 2, 3]])
    .matmul(w)
    .square()
    .sum();
  backward(loss);
  console.log(loss.item(), w.grad?.shape);
});
