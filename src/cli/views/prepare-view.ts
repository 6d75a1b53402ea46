/** The progress of `tslm prepare` on a terminal. */
import type { PrepareStage, ProgressListener } from '../../data/prepare/progress-listener.ts';
import { createProgress, type Progress } from '../../support/progress.ts';

/** A live line on stderr for each stage of `prepare`. */
export function prepareProgress(): { listener: ProgressListener; end(): void } {
  let current: PrepareStage | undefined;
  let line: Progress | undefined;
  return {
    listener: (stage, done = 0, total) => {
      if (stage !== current) {
        line?.end();
        line = createProgress(stage, { total, unit: 'B' });
        current = stage;
      }
      line?.update(done);
    },
    end: () => line?.end(),
  };
}
