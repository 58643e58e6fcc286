/** CodeDeploy calls this before it gives a new version any traffic: a version that fails gets none. */

import {
  CodeDeployClient,
  GetDeploymentCommand,
  PutLifecycleEventHookExecutionStatusCommand,
} from '@aws-sdk/client-codedeploy';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

import { check } from './release-check.mjs';

const codeDeploy = new CodeDeployClient();
const dynamoDb = new DynamoDBClient();
const lambda = new LambdaClient();

/** @typedef {{ DeploymentId: string, LifecycleEventHookExecutionId: string }} Hook */

/** @param {Hook} hook */
export async function handler(hook) {
  const deploymentId = hook.DeploymentId;
  let status = /** @type {'Succeeded' | 'Failed'} */ ('Failed');
  try {
    const release = await releaseOf(deploymentId);
    const seen = await check({ ...release, deploymentId }, world);
    log({ level: 'INFO', message: seen, deploymentId });
    status = 'Succeeded';
  } catch (error) {
    log({ level: 'ERROR', message: String(error), deploymentId, then: 'traffic stays as it is' });
  }
  await codeDeploy.send(
    new PutLifecycleEventHookExecutionStatusCommand({
      deploymentId,
      lifecycleEventHookExecutionId: hook.LifecycleEventHookExecutionId,
      status,
    }),
  );
  return { status };
}

/**
 * A deployment group is called as its function; the stack says which version is the new one.
 *
 * @param {string} deploymentId
 */
async function releaseOf(deploymentId) {
  const { deploymentInfo } = await codeDeploy.send(new GetDeploymentCommand({ deploymentId }));
  const group = deploymentInfo?.deploymentGroupName ?? '';
  const versions = JSON.parse(setting('DAYMARK_VERSIONS'));
  const version = versions[group];
  if (!version) throw new Error(`DAYMARK_VERSIONS has no ${group}; it has ${Object.keys(versions)}`);
  const prefix = setting('DAYMARK_TABLE_PREFIX');
  return { functionName: group.slice(prefix.length), version };
}

/** @type {import('./release-check.mjs').World} */
const world = {
  async invoke(version, payload) {
    const { FunctionError: error, Payload } = await lambda.send(
      new InvokeCommand({ FunctionName: version, Payload: JSON.stringify(payload) }),
    );
    return { error, answer: JSON.parse(Payload?.transformToString() || 'null') };
  },
  async row({ pk, sk }) {
    const { Item } = await dynamoDb.send(
      new GetItemCommand({
        TableName: `${setting('DAYMARK_TABLE_PREFIX')}stock`,
        Key: { pk: { S: pk }, sk: { S: sk } },
        ProjectionExpression: 'received',
        ConsistentRead: true,
      }),
    );
    return Item && { received: Item['received']?.N };
  },
  sleep: (milliseconds) => new Promise((wake) => setTimeout(wake, milliseconds)),
  now: () => new Date(),
};

/** @param {string} name */
function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`the environment variable ${name} is not set; the stack sets it`);
  return value;
}

/** @param {object} entry */
function log(entry) {
  console.log(JSON.stringify({ timestamp: new Date().toISOString(), ...entry }));
}
