/** How probable a model finds each token of a text. */
import { Tokenizer } from 'tslm';
import { scoreText } from 'tslm/generate';
import { loadCompleteModel, modelFolder } from 'tslm/models';

const folder = modelFolder('runs/mine');
using model = loadCompleteModel(folder);
const [scored] = scoreText(model, Tokenizer.fromFile(folder), ['Every stage reads folders']);
for (const { token, logProb } of scored.tokens) console.log(JSON.stringify(token), logProb.toFixed(2));
