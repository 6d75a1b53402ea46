import fc from 'fast-check';

// Property tests draw the same cases each time; TSLM_SEED draws others, to look for more.
fc.configureGlobal({ seed: Number(process.env.TSLM_SEED ?? 20261122) });
