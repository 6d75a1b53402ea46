/** Memory that ran out, as the many layers below say it. */
import { explainFileError, messageOf, UserError } from './errors.ts';
import { formatBytes } from './format.ts';

/** What native/allocator.cc, libtorch on CPU and GPU, C++ and JavaScript say. */
const PATTERNS = [
  /out of memory: could not allocate (\d+) bytes/,
  /DefaultCPUAllocator: (?:can't allocate memory|not enough memory): you tried to allocate (\d+) bytes/,
  /CUDA out of memory/,
  /std::bad_alloc/,
  /^Array buffer allocation failed/,
  /^Invalid (?:typed array|array buffer) length/,
  /^Cannot create a string/,
  /^Worker terminated due to reaching memory limit/,
];

/**
 * Turns an error that says memory ran out into a one-line `UserError`; passes everything else through.
 *
 * @param hint what to do about it
 */
export function explainMemoryError(
  error: unknown,
  hint = 'end other programs, or ask for less: a smaller model, batch or context, or `ulimit -v` where one is set',
): unknown {
  if (error instanceof UserError) return error;
  const message = messageOf(error);
  const match = PATTERNS.map(pattern => pattern.exec(message)).find(found => found !== null);
  if (!match) return error;
  const wanted = match[1] === undefined ? '' : `: ${formatBytes(Number(match[1]))} more were asked for`;
  const where = message.includes('CUDA') ? 'the GPU is out of memory' : 'out of memory';
  return new UserError('TSLM_OUT_OF_MEMORY', `${where}${wanted}`, { hint, cause: error });
}

/** Turns what the machine ran short of, files or memory, into a one-line `UserError`; passes everything else through. */
export const explainShortage = (error: unknown): unknown => explainMemoryError(explainFileError(error));
