/** Where each head looks. */
import { Tokenizer } from 'tslm';
import { attentionMaps } from 'tslm/explain';
import { loadCompleteModel, modelFolder } from 'tslm/models';

const folder = modelFolder('runs/mine');
using model = loadCompleteModel(folder);
const maps = attentionMaps(model, Tokenizer.fromFile(folder), 'Every stage reads folders');
console.log(Object.keys(maps));
