/** Fast writing of ARPA files. */
import { writeFully } from '../support/files.ts';

const BUFFER_BYTES = 1 << 20;

/** Writes lines of words and numbers to a file as bytes: no string is made for a line or a number. */
export class LineWriter {
  readonly #fd: number;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #digits = new Uint8Array(20);
  #used = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length > BUFFER_BYTES) {
      this.flush();
      writeFully(this.#fd, bytes);
      return;
    }
    if (this.#used + bytes.length > BUFFER_BYTES) this.flush();
    // Words are short: a loop is faster than a call of set().
    for (let i = 0; i < bytes.length; i++) this.#buffer[this.#used++] = bytes[i];
  }

  text(text: string): void {
    this.bytes(Buffer.from(text));
  }

  byte(code: number): void {
    if (this.#used === BUFFER_BYTES) this.flush();
    this.#buffer[this.#used++] = code;
  }

  /** A number with up to seven decimals, no zeros at the end; magnitudes below 9e8. */
  decimal(value: number): void {
    let units = Math.round(Math.abs(value) * 1e7);
    if (value < 0 && units > 0) this.byte(MINUS);
    let decimals = 7;
    while (decimals > 0 && units % 10 === 0) {
      units /= 10;
      decimals--;
    }
    // From the last digit to the first.
    let length = 0;
    let digits = 0;
    do {
      if (digits === decimals && decimals > 0) this.#digits[length++] = POINT;
      const rest = Math.floor(units / 10);
      this.#digits[length++] = ZERO + units - rest * 10;
      units = rest;
      digits++;
    } while (units > 0 || digits <= decimals);
    while (length > 0) this.byte(this.#digits[--length]);
  }

  flush(): void {
    writeFully(this.#fd, this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }
}

const ZERO = 0x30;
const POINT = 0x2e;
const MINUS = 0x2d;
