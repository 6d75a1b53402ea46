import { type AttentionMap, pixelsOf, type Rgb } from './maps.ts';

/** Draws a head a pixel a weight; the canvas is enlarged by CSS. */
export function drawHead(canvas: HTMLCanvasElement, map: AttentionMap, head: Float32Array, color: Rgb): void {
  canvas.width = map.keys.length;
  canvas.height = map.queries.length;
  const image = new ImageData(pixelsOf(head, color), canvas.width, canvas.height);
  canvas.getContext('2d')?.putImageData(image, 0, 0);
}
