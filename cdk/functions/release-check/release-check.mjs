/** Release check of one new version, over ports for AWS and the clock. */

import { CHECKS } from './checks.mjs';

/** Delay between two reads of a row. */
const ROW_PAUSE_MS = 1_000;

/**
 * @typedef {object} Ports
 * @property {(version: string, payload: object) => Promise<Invocation>} invoke
 * @property {(key: {pk: string, sk: string}) => Promise<Record<string, unknown> | undefined>} loadRow
 * @property {(milliseconds: number) => Promise<void>} sleep
 * @property {() => Date} now
 */

/**
 * @typedef {object} Invocation
 * @property {string | undefined} error `FunctionError` of Lambda.
 * @property {unknown} answer
 */

/**
 * @typedef {object} Release
 * @property {string} functionName
 * @property {string} version
 * @property {string} deploymentId
 * @property {number} rowSeconds Maximum delay until the row exists.
 */

/**
 * Invokes a new version and waits for the stock row of the event.
 *
 * @param {Release} release
 * @param {Ports} ports
 * @returns {Promise<string>} Description of the result.
 * @throws {Error} If the version fails, or if its answer or the row is wrong.
 */
export async function check({ functionName, version, deploymentId, rowSeconds }, ports) {
    const checkOf = CHECKS[functionName];
    if (!checkOf) {
        const known = Object.keys(CHECKS).join(', ');
        throw new Error(`there is no check of ${functionName}; there are checks of ${known}`);
    }
    const { payload, problemOf, row } = checkOf({ deploymentId, now: ports.now() });
    const { error, answer } = await ports.invoke(version, payload);
    if (error) throw new Error(`${version} failed: ${error}: ${JSON.stringify(answer)}`);
    const problem = problemOf(answer);
    if (problem) throw new Error(`${version} answered, but ${problem}`);
    if (!row) return `${version} processed a batch of the queue`;
    await waitForRow(row, { version, rowSeconds }, ports);
    return `${version} processed an event, which is in the stock table as ${row.pk} ${row.sk}`;
}

/**
 * Waits until the stock row exists.
 *
 * @param {{pk: string, sk: string}} key
 * @param {Pick<Release, 'version' | 'rowSeconds'>} release
 * @param {Ports} ports
 */
async function waitForRow(key, { version, rowSeconds }, ports) {
    for (let waited = 0; waited < rowSeconds * 1_000; waited += ROW_PAUSE_MS) {
        const row = await ports.loadRow(key);
        if (row) {
            if (Number(row['received']) === 1) return;
            throw new Error(`${key.pk} ${key.sk} has received ${row['received']}, but 1 was sent`);
        }
        await ports.sleep(ROW_PAUSE_MS);
    }
    throw new Error(
        `${version} processed an event, but after ${rowSeconds} s the stock table has no row ` +
            `${key.pk} ${key.sk}: the version wrote another row, or the stream or its processor ` +
            'makes no progress',
    );
}
