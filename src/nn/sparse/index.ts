/** Attention whose cost grows with time and not with time²: functions of query, key and value. */
export * from './big-bird.ts';
export * from './longformer.ts';
export * from './orthogonal-features.ts';
export * from './performer.ts';
