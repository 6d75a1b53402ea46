/** The token that stands for a byte where characters fall back to bytes: `<0xE4>`. */
export const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
