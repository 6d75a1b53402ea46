import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hubCache, hubHome, modelCache } from '../../src/hub/cache.ts';
import { hubEndpoint, isOffline } from '../../src/hub/environment.ts';

const home = homedir();

describe('folders', () => {
  it.each([
    [{}, join(home, '.cache/huggingface/hub')],
    [{ XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
    [{ HF_HOME: '/h', XDG_CACHE_HOME: '/x' }, '/h/hub'],
    [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
    [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/c' }, '/c'],
    [{ HF_HOME: '~/h', HF_HUB_CACHE: '' }, join(home, 'h/hub')],
  ])('%j', (env, expected) => {
    expect(hubCache(env)).toBe(expected);
  });

  it('the home holds the token', () => {
    expect(hubHome({ HF_HOME: '/h', HF_HUB_CACHE: '/c' })).toBe('/h');
  });

  it('of a model are named as Hugging Face names them', () => {
    expect(modelCache('/c', 'org/model').blobs).toBe('/c/models--org--model/blobs');
    expect(modelCache('/c', 'gpt2').refs).toBe('/c/models--gpt2/refs');
  });
});

it.each([
  ['1', true],
  ['true', true],
  ['YES', true],
  ['on', true],
  ['0', false],
  ['', false],
  [undefined, false],
])('HF_HUB_OFFLINE=%s', (value, expected) => {
  expect(isOffline({ HF_HUB_OFFLINE: value })).toBe(expected);
});

it('the endpoint loses the slash at its end and keeps its path', async () => {
  expect(await hubEndpoint({ HF_ENDPOINT: 'https://mirror.test/hf/' })).toBe('https://mirror.test/hf');
  expect(await hubEndpoint({})).toMatch(/^https:\/\//);
});
