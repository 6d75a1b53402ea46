/** Tests that need a GPU run where there is one; `TSLM_TEST_DEVICE=cpu` runs them without, to test the tests. */
import { native } from '../../src/torch/native.ts';

const named = process.env.TSLM_TEST_DEVICE;

/** The first GPU, or nothing: for lists of devices. */
export const cudaDevice: readonly string[] = named ? [named] : native().runtimeInfo().cudaDevices > 0 ? ['cuda:0'] : [];
