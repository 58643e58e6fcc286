/** Release check of one new version, over ports for AWS and the clock. */

import { CHECKS } from './checks.mjs';

/** Delay between two reads of the stock log. */
const PAUSE_MS = 1_000;

/**
 * @typedef {object} Ports
 * @property {(version: string, payload: object) => Promise<Invocation>} invoke
 * @property {(partition: string) => Promise<number[]>} loadEventCounts Number of events of each
 *     segment in a partition of the stock log.
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
 * @property {number} waitSeconds Maximum delay until the event is in the stock log.
 */

/**
 * Invokes a new version with each of its payloads, and waits until its event is in the stock log.
 *
 * @param {Release} release
 * @param {Ports} ports
 * @returns {Promise<string>} Description of the result.
 * @throws {Error} If the version fails, or if its answer or the segment is wrong.
 */
export async function check({ functionName, version, deploymentId, waitSeconds }, ports) {
    const checkOf = CHECKS[functionName];
    if (!checkOf) {
        const known = Object.keys(CHECKS).join(', ');
        throw new Error(`there is no check of ${functionName}; there are checks of ${known}`);
    }
    const checks = checkOf({ deploymentId, now: ports.now() });
    for (const { payload, problemOf, partition } of checks) {
        const { error, answer } = await ports.invoke(version, payload);
        if (error) throw new Error(`${version} failed: ${error}: ${JSON.stringify(answer)}`);
        const problem = problemOf(answer);
        if (problem) throw new Error(`${version} answered, but ${problem}`);
        if (partition) await waitForSegment(partition, { version, waitSeconds }, ports);
    }
    const partitions = checks.flatMap(({ partition }) => partition ?? []);
    return partitions.length > 0
        ? `${version} processed an event, which is in the stock log under ${partitions.join()}`
        : `${version} answered ${checks.length} payloads as it must`;
}

/**
 * Waits until a partition of the stock log has a segment. A record that the stream delivers twice
 * may bring a second segment with the same event.
 *
 * @param {string} partition
 * @param {Pick<Release, 'version' | 'waitSeconds'>} release
 * @param {Ports} ports
 */
async function waitForSegment(partition, { version, waitSeconds }, ports) {
    for (let waited = 0; waited < waitSeconds * 1_000; waited += PAUSE_MS) {
        const counts = await ports.loadEventCounts(partition);
        const wrong = counts.find((count) => count !== 1);
        if (wrong !== undefined) {
            throw new Error(`${partition} has a segment of ${wrong} events, but 1 was sent`);
        }
        if (counts.length > 0) return;
        await ports.sleep(PAUSE_MS);
    }
    throw new Error(
        `${version} processed an event, but after ${waitSeconds} s the stock log has no segment ` +
            `under ${partition}: the version wrote another one, or the stream or its processor ` +
            'makes no progress',
    );
}
