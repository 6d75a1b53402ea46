import type { GenerationRequest } from '../../../src/engine/protocol.ts';
import { createApp } from '../../../src/serve/http/app.ts';
import { listen } from '../../../src/serve/http/listen.ts';
import { fakeEngine, fakePool } from '../fake-engine.ts';
import { describeClients } from './suite.ts';

/** What a model would write that is held to this request's constraint. */
function says({ constraint }: GenerationRequest): string {
  const object = '{"town":"Rom","sunny":true}';
  if (constraint?.kind !== 'jsonSchema') return 'In Rom, they say. ☀️';
  const isCall = JSON.stringify(constraint.schema).includes('"weather"');
  return isCall ? `{"name":"weather","arguments":${object}}` : object;
}

describeClients('clients of a server whose model says what it is told', async () => {
  const app = createApp({ pool: fakePool(fakeEngine({ says })) });
  const { url, close } = await listen(app, { port: 0 });
  return { url, chat: 'fake', embed: 'fake', close: () => close(1000) };
});
