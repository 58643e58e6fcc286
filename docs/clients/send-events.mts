/**
 * Sends a till's events to Daymark by the contract in docs/send-events.md. Needs Node 20.10.
 *
 *     node send-events.mjs API OUTBOX [PAUSE] < events.ndjson
 *
 * A till imports `Outbox` and `send`. The command keeps the events of standard input in the file
 * OUTBOX, sends all it holds to API and prints the rejected ones. DAYMARK_TOKEN is an access token.
 */
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const BATCH = 100; // events of a request; below every limit of GET /v1/limits
const TIMEOUT = 40_000; // milliseconds; the API answers within 30 s
const PAUSE_MAX = 60; // seconds

interface Answer {
  detail?: string;
  message?: string;
  results?: { index: number; status: string; message?: string }[];
}

/** Events in a file until Daymark has stored them; rejected ones with their message. */
export class Outbox {
  private readonly events = new Map<string, string | null>();

  /** Opens the file of one process. A line that a crash has cut off was never confirmed. */
  constructor(private readonly path: string) {
    const lines = fs.existsSync(path) ? fs.readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
    for (const line of lines) this.events.set(...(JSON.parse(line) as [string, string | null]));
    this.save();
  }

  /** Keeps JSON texts. They are on disk when the call returns; then the till may go on. */
  put(events: string[]): void {
    const lines = events.map((event) => event.trim().replaceAll(/[\r\n]/g, ' '));
    const fresh = lines.filter((event) => !this.events.has(event));
    const text = fresh.map((event) => `${JSON.stringify([event, null])}\n`).join('');
    fs.appendFileSync(this.path, text, { flush: true });
    for (const event of fresh) this.events.set(event, null);
  }

  batch(size: number): string[] {
    const waiting = [...this.events].filter(([, message]) => message === null);
    return waiting.slice(0, size).map(([event]) => event);
  }

  settle(stored: string[], rejected: [string, string][]): void {
    for (const event of stored) this.events.delete(event);
    for (const [event, message] of rejected) this.events.set(event, message);
    this.save();
  }

  rejected(): [string, string | null][] {
    return [...this.events].filter(([, message]) => message !== null);
  }

  /** Replaces the file at once, so that a power cut leaves the old one or the new one. */
  private save(): void {
    const lines = [...this.events].map((entry) => `${JSON.stringify(entry)}\n`);
    fs.writeFileSync(`${this.path}.part`, lines.join(''), { flush: true });
    fs.renameSync(`${this.path}.part`, this.path);
    if (process.platform === 'win32') return; // Windows cannot flush a folder
    const folder = fs.openSync(dirname(this.path), 'r');
    fs.fsyncSync(folder);
    fs.closeSync(folder);
  }
}

/** Returns status, Retry-After and answer. The status is 0 if no answer came. */
async function post(url: string, events: string[], token: string | undefined) {
  const headers: Record<string, string> = {
    'content-type': 'application/x-ndjson',
    'content-encoding': 'gzip',
  };
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  let [status, wait] = [0, 0];
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: gzipSync(events.join('\n')),
      signal: AbortSignal.timeout(TIMEOUT),
      redirect: 'error',
    });
    status = response.status;
    wait = Number.parseInt(response.headers.get('retry-after') ?? '', 10) || 0;
    return { status, wait, answer: ((await response.json()) ?? {}) as Answer };
  } catch (error) {
    return { status, wait, answer: { detail: String(error) } as Answer };
  }
}

/**
 * Sends until nothing is left to send. `token` returns a valid access token; `pause` is the upper
 * bound of the first pause, in seconds.
 */
export async function send(api: string, outbox: Outbox, token?: () => string, pause = 1) {
  const url = `${api.replace(/\/$/, '')}/v1/events`;
  let [size, failures] = [BATCH, 0];
  for (let batch = outbox.batch(size); batch.length > 0; batch = outbox.batch(size)) {
    const { status, wait, answer } = await post(url, batch, token?.());
    if ([408, 413].includes(status) && batch.length > 1) {
      size = Math.floor(batch.length / 2);
      continue;
    }
    const alone = { index: 0, status: 'rejected', message: answer.detail ?? 'too large' };
    const stored: string[] = [];
    const rejected: [string, string][] = [];
    for (const result of status === 413 ? [alone] : (answer.results ?? [])) {
      const event = batch[result.index];
      if (event === undefined) continue;
      if (result.status === 'rejected') rejected.push([event, result.message ?? '']);
      if (['stored', 'duplicate'].includes(result.status)) stored.push(event);
    }
    const settled = stored.length + rejected.length;
    if (settled > 0) outbox.settle(stored, rejected);
    [size, failures] = settled > 0 ? [Math.min(2 * size, BATCH), 0] : [size, failures + 1];
    if (settled === batch.length) continue;
    const seconds = wait + Math.random() * Math.min(PAUSE_MAX, pause * 2 ** failures);
    const told = answer.detail ?? answer.message ?? 'some events are not stored yet';
    console.error(`${status}: ${told}; sent again in ${seconds.toFixed(1)} s`);
    await sleep(1000 * seconds);
  }
}

if (process.argv[1] && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [api = '', path = '', pause = '1'] = process.argv.slice(2);
  const token = process.env.DAYMARK_TOKEN;
  const outbox = new Outbox(path);
  outbox.put((await text(process.stdin)).split('\n').filter((line) => line.trim() !== ''));
  console.log('kept');
  await send(api, outbox, token === undefined ? undefined : () => token, Number(pause));
  for (const [event, message] of outbox.rejected())
    console.log(`rejected: ${message}: ${event.slice(0, 300)}`);
}
