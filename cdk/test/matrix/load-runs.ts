/**
 * Executions of the state machine of load runs on the emulator, in which the tasks of the parts end
 * as a file for the emulator says: it runs no container.
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const STATE_MACHINE = 'daymark-loadruns-load';
const INPUT = { parts: 3, minutes: 30, budget: 5, scenario: 'peak.toml' };

/** Ends of the tasks: `{}` is a success, a number the exit code of a failure. */
const ENDS = {
  whole: [{}, 3, 5],
  missing: [3, 137, {}],
} satisfies Record<string, readonly (object | number)[]>;

/** Writes the ends in the format of Step Functions Local. */
export function writeTaskEnds(file: string): void {
  const responses = Object.entries(ENDS).map(([name, ends]) => [
    name,
    Object.fromEntries(
      ends.map((end, attempt) => [
        attempt,
        typeof end === 'number' ? { Throw: failure(end) } : { Return: end },
      ]),
    ),
  ]);
  const cases = Object.keys(ENDS).map((name) => [name, { Part: name }]);
  const config = {
    StateMachines: { [STATE_MACHINE]: { TestCases: Object.fromEntries(cases) as unknown } },
    MockedResponses: Object.fromEntries(responses) as unknown,
  };
  writeFileSync(file, JSON.stringify(config));
}

/** Returns the error of a task whose container has failed. */
function failure(code: number): object {
  const containers = [{ Name: 'part', ExitCode: code, LastStatus: 'STOPPED' }];
  return { Error: 'States.TaskFailed', Cause: JSON.stringify({ Containers: containers }) };
}

interface Execution {
  readonly status: string;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
}

/** Executes the state machine of the stage `loadruns`, and checks how the executions end. */
export async function executeLoadRuns(url: string, region: string, account: string) {
  const call = async (action: string, body: object) => {
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `AWSStepFunctions.${action}`,
    };
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, `${action}: ${text}`);
    return JSON.parse(text) as unknown;
  };
  const execute = async (testCase: string, input: object): Promise<Execution> => {
    const arn = `arn:aws:states:${region}:${account}:stateMachine:${STATE_MACHINE}`;
    const started = await call('StartExecution', {
      stateMachineArn: `${arn}#${testCase}`,
      input: JSON.stringify(input),
    });
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const execution = (await call('DescribeExecution', started as object)) as Execution;
      if (execution.status !== 'RUNNING') return execution;
      await sleep(100);
    }
    throw new Error(`the execution ${testCase} does not end`);
  };

  const whole = await execute('whole', INPUT);
  assert.equal(whole.status, 'SUCCEEDED', JSON.stringify(whole));
  const parts = JSON.parse(whole.output ?? '') as { part: number; exit_code: number }[];
  assert.deepEqual(parts.map(({ part }) => part).sort(), [1, 2, 3]);
  assert.deepEqual(parts.map(({ exit_code }) => exit_code).sort(), [0, 3, 5]);

  const missing = await execute('missing', INPUT);
  assert.deepEqual([missing.status, missing.error], ['FAILED', 'RecordMissing']);
  assert.match(missing.cause ?? '', /^These parts left no whole record: [123]$/);

  const wrong = await execute('whole', { ...INPUT, parts: 100 });
  assert.deepEqual([wrong.status, wrong.error], ['FAILED', 'WrongInput']);
}
