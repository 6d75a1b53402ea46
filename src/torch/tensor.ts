/**
 * A tensor: a handle on memory that libtorch holds. Its methods are libtorch's operators (`ops.ts`, generated from
 * their schemas); here is what is not an operator: metadata, data in and out, gradients, freeing.
 */
import { type DType, dtypeInfo, dtypeOfCode, isFloatingPoint, type TypedArray } from './dtype.ts';
import { makeTensorsBy } from './handle.ts';
import { buffer, native } from './native.ts';
import { TensorMethods } from './ops.ts';
import { disown, type Owned, own, release, type Scope, scope } from './scope.ts';

/** `cpu`, `cuda` or `cuda:0`. */
export type Device = string;

interface Metadata {
  shape: readonly number[];
  strides: readonly number[];
  dtype: DType;
  device: Device;
  requiresGrad: boolean;
  isLeaf: boolean;
  isContiguous: boolean;
}

const deviceNames: Record<number, string> = { 0: 'cpu', 1: 'cuda', 13: 'mps', 14: 'meta' };

export class Tensor extends TensorMethods implements Owned, Disposable {
  /** @internal */
  handle: number;
  /** @internal */
  scope: Scope | undefined = undefined;
  /** @internal */
  externalBytes = 0;
  #metadata: Metadata | undefined = undefined;

  /** @internal Tensors come from operators and from `tensor()`, `zeros()`, … */
  constructor(handle: number) {
    super();
    this.handle = handle;
    own(this);
  }

  get shape(): readonly number[] {
    return this.#describe().shape;
  }
  get strides(): readonly number[] {
    return this.#describe().strides;
  }
  get dtype(): DType {
    return this.#describe().dtype;
  }
  get device(): Device {
    return this.#describe().device;
  }
  get isLeaf(): boolean {
    return this.#describe().isLeaf;
  }
  get isContiguous(): boolean {
    return this.#describe().isContiguous;
  }
  get dim(): number {
    return this.shape.length;
  }
  /** Number of elements. */
  get numel(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }
  get nbytes(): number {
    return this.numel * dtypeInfo(this.dtype).size;
  }
  get isFloatingPoint(): boolean {
    return isFloatingPoint(this.dtype);
  }
  /** Size of one dimension; negative counts from the end. */
  size(dim: number): number {
    return this.shape.at(dim)!;
  }

  get requiresGrad(): boolean {
    this.forgetMetadata(); // an in-place operator on a view of this tensor may have changed it
    return this.#describe().requiresGrad;
  }
  /** Only on leaves of floating-point type. */
  set requiresGrad(value: boolean) {
    native().setRequiresGrad(this.live(), value);
    this.forgetMetadata();
  }
  /** The gradient that `backward` accumulated, if any. */
  get grad(): Tensor | undefined {
    const handle = native().gradientOf(this.live());
    return handle < 0 ? undefined : new Tensor(handle);
  }
  set grad(gradient: Tensor | undefined) {
    native().setGradient(this.live(), gradient ? gradient.live() : -1);
  }

  /** Element type and/or device changed; the tensor itself when it is as asked already. */
  to(target: DType | { dtype?: DType; device?: Device; copy?: boolean }): Tensor {
    const { dtype, device, copy = false } = typeof target === 'string' ? { dtype: target } : target;
    const sameType = dtype === undefined || dtype === this.dtype;
    const sameDevice = device === undefined || device === this.device || `${device}:0` === this.device;
    if (sameType && sameDevice && !copy) return this;
    return this._toCopy({ dtype: dtype ?? this.dtype, device: device ?? this.device });
  }

  /** The single element of a tensor, as a number (booleans as 0 and 1). */
  item(): number {
    if (this.numel !== 1) throw new RangeError(`item() takes a tensor with one element, this is ${this.describe()}`);
    return Number(this.toTypedArray()[0]);
  }

  /**
   * The elements in row-major order, copied. bfloat16 and float16 become float32; everything else keeps its type:
   * int64 comes as BigInt64Array, bool as Uint8Array.
   */
  toTypedArray(): TypedArray {
    const { dtype } = this;
    const wanted: DType = dtype === 'bfloat16' || dtype === 'float16' ? 'float32' : dtype;
    const array = new (dtypeInfo(wanted).array)(this.numel);
    this.copyTo(array, wanted);
    return array;
  }

  /** Copies the elements into an array of the caller's, which must have their number and element type. */
  copyTo(array: TypedArray, as: DType = this.dtype): void {
    scope(() => {
      const source = this.detach().to({ dtype: as, device: 'cpu' }).contiguous();
      native().copyOut(source.handle, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    });
  }

  /** Float elements, or integers, as plain numbers in row-major order. */
  toNumbers(): number[] {
    return Array.from(this.toTypedArray() as ArrayLike<number | bigint>, Number);
  }

  /** Nested arrays in the tensor's shape; a number for a tensor without dimensions. */
  toArray(): unknown {
    const values = this.toNumbers();
    const build = (dim: number, start: number, stride: number): unknown => {
      if (dim === this.dim) return values[start];
      const inner = stride / this.shape[dim];
      return Array.from({ length: this.shape[dim] }, (_, i) => build(dim + 1, start + i * inner, inner));
    };
    return build(0, 0, this.numel);
  }

  /** `float32[2, 3]`, with the device when it is not the CPU. */
  describe(): string {
    if (this.handle < 0) return 'freed tensor';
    return `${this.dtype}[${this.shape.join(', ')}]${this.device === 'cpu' ? '' : ` on ${this.device}`}`;
  }
  override toString(): string {
    if (this.handle < 0 || this.numel > 64) return `Tensor ${this.describe()}`;
    return `Tensor ${this.describe()} ${JSON.stringify(this.toArray())}`;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** Frees the memory now. */
  dispose(): void {
    release(this);
  }
  [Symbol.dispose](): void {
    release(this);
  }

  /** @internal In-place operators may change what is known of a tensor. */
  forgetMetadata(): void {
    this.#metadata = undefined;
  }

  /** @internal Gives the native tensor to another object; this one counts as freed. */
  moveHandle(): number {
    const handle = this.live();
    disown(this);
    this.handle = -1;
    return handle;
  }

  /** @internal Takes a native tensor over; the one held before must be freed. */
  adopt(handle: number): void {
    this.handle = handle;
    this.#metadata = undefined;
    own(this);
  }

  /** @internal The handle. Throws when the tensor was freed. */
  live(): number {
    if (this.handle < 0) throw new Error('this tensor was freed already: return it from its scope, or keep() it');
    return this.handle;
  }

  #describe(): Metadata {
    if (this.#metadata && this.handle >= 0) return this.#metadata;
    native().describe(this.live());
    const [code, device, index, requiresGrad, isLeaf, isContiguous, dims] = buffer;
    const name = deviceNames[device] ?? `device${device}`;
    this.#metadata = {
      shape: Array.from(buffer.subarray(7, 7 + dims)),
      strides: Array.from(buffer.subarray(7 + dims, 7 + 2 * dims)),
      dtype: dtypeOfCode(code),
      device: name === 'cpu' ? name : `${name}:${Math.max(0, index)}`,
      requiresGrad: requiresGrad !== 0,
      isLeaf: isLeaf !== 0,
      isContiguous: isContiguous !== 0,
    };
    return this.#metadata;
  }
}

makeTensorsBy(handle => new Tensor(handle));
