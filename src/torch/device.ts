/** Devices as PyTorch spells them. */
import { usageError } from '../support/errors.ts';
import { native } from './native.ts';

/** Throws a `UserError` when there is no such device: `cpu`, `cuda`, `cuda:1` … are known. */
export function requireDevice(device: string): void {
  const match = device.match(/^(cpu|cuda(?::(\d+))?)$/);
  if (!match) throw usageError('TSLM_BAD_DEVICE', `there is no device '${device}'`, 'use cpu, cuda, cuda:1 …');
  const { cudaDevices } = native().runtimeInfo();
  if (device === 'cpu' || Number(match[2] ?? 0) < cudaDevices) return;
  throw usageError(
    'TSLM_NO_DEVICE',
    `device '${device}': libtorch finds ${cudaDevices === 0 ? 'no CUDA device' : `${cudaDevices} CUDA devices`} here`,
    'use cpu; `tslm doctor` lists the devices',
  );
}
