/** Runs one check against a new version and says what came of it. What it reaches is handed in. */

import { CHECKS } from './checks.mjs';

const ROW_PAUSE_MS = 1_000;

/**
 * @typedef {object} World
 * @property {(version: string, payload: object) => Promise<Invocation>} invoke
 * @property {(key: {pk: string, sk: string}) => Promise<Record<string, unknown> | undefined>} row
 * @property {(milliseconds: number) => Promise<void>} sleep
 * @property {() => Date} now
 */

/**
 * @typedef {object} Invocation
 * @property {string | undefined} error What Lambda calls `FunctionError`.
 * @property {unknown} answer
 */

/**
 * @typedef {object} Release
 * @property {string} functionName
 * @property {string} version
 * @property {string} deploymentId
 * @property {number} rowSeconds How long a row may take to appear.
 */

/**
 * @param {Release} release
 * @param {World} world
 * @returns {Promise<string>} What was seen.
 * @throws {Error} What the version does wrong.
 */
export async function check({ functionName, version, deploymentId, rowSeconds }, world) {
    const made = CHECKS[functionName];
    if (!made) {
        const known = Object.keys(CHECKS).join(', ');
        throw new Error(`there is no check of ${functionName}; there are checks of ${known}`);
    }
    const { payload, fault, row } = made({ deploymentId, now: world.now() });
    const { error, answer } = await world.invoke(version, payload);
    if (error) throw new Error(`${version} failed: ${error}: ${JSON.stringify(answer)}`);
    const why = fault(answer);
    if (why) throw new Error(`${version} answers, but ${why}`);
    if (!row) return `${version} took a batch of the queue`;
    await appears(row, { version, rowSeconds }, world);
    return `${version} took an event, and it is in the stock table as ${row.pk} ${row.sk}`;
}

/**
 * @param {{pk: string, sk: string}} key
 * @param {Pick<Release, 'version' | 'rowSeconds'>} release
 * @param {World} world
 */
async function appears(key, { version, rowSeconds }, world) {
    for (let waited = 0; waited < rowSeconds * 1_000; waited += ROW_PAUSE_MS) {
        const row = await world.row(key);
        if (row) {
            if (Number(row['received']) === 1) return;
            throw new Error(`${key.pk} ${key.sk} says received ${row['received']}, and 1 was sent`);
        }
        await world.sleep(ROW_PAUSE_MS);
    }
    throw new Error(
        `${version} took an event, but after ${rowSeconds} s no row ${key.pk} ${key.sk} is in the stock ` +
            'table: it wrote it wrongly, or the stream or its processor stands still',
    );
}
