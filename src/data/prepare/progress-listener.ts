/** The stages of `prepare`, in order. */
export type PrepareStage = 'reading' | 'comparing' | 'training the tokenizer' | 'tokenising';

/** Told how far a stage is, in bytes of `total`; stages that cannot say give only their name. */
export type ProgressListener = (stage: PrepareStage, done?: number, total?: number) => void;
