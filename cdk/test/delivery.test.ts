import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { TRAFFIC_SHIFTS } from '../lib/delivery/traffic-shift';
import { alarms, template, type Alarm } from './template';

/** Functions that serve traffic; each has its own release check. */
const RELEASED = ['day-close', 'ingest', 'pricing', 'stock-processor'];

interface Group {
  readonly DeploymentGroupName: string;
  readonly DeploymentConfigName: string;
  readonly AlarmConfiguration: { Alarms: { Name: { Ref: string } }[] };
}

function groups(settings = {}): Group[] {
  const found = template(settings).findResources('AWS::CodeDeploy::DeploymentGroup');
  return Object.values(found).map(({ Properties }) => Properties as Group);
}

/** Returns the policy statements of the release check. */
function permissions() {
  const [policy] = Object.values(
    template().findResources('AWS::IAM::Policy', {
      Properties: { PolicyName: Match.stringLikeRegexp('^DeliveryReleaseCheckRole') },
    }),
  );
  const { PolicyDocument } = policy?.Properties as {
    PolicyDocument: { Statement: { Action: string | string[]; Resource: unknown }[] };
  };
  return PolicyDocument.Statement;
}

test('every function that serves traffic is released gradually', () => {
  const names = groups().map(({ DeploymentGroupName }) => DeploymentGroupName);
  assert.deepEqual(
    names.sort(),
    RELEASED.map((name) => `daymark-dev-${name}`),
  );
  for (const { DeploymentConfigName } of groups()) {
    assert.match(JSON.stringify(DeploymentConfigName), /LambdaCanary10Percent5Minutes/);
  }
});

test('a setting selects the traffic shift', () => {
  for (const trafficShift of TRAFFIC_SHIFTS) {
    const [group] = groups({ trafficShift });
    const [, percent = ''] = /(\d+)-percent/.exec(trafficShift) ?? [];
    const name = JSON.stringify(group?.DeploymentConfigName);
    assert.match(name, new RegExp(percent === '' ? 'LambdaAllAtOnce' : `${percent}Percent`));
  }
});

test('an alarm rolls a release back', () => {
  template().allResourcesProperties('AWS::CodeDeploy::DeploymentGroup', {
    AutoRollbackConfiguration: {
      Enabled: true,
      Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST', 'DEPLOYMENT_STOP_ON_ALARM'],
    },
  });
  for (const { AlarmConfiguration, DeploymentGroupName } of groups()) {
    assert.ok(AlarmConfiguration.Alarms.length >= 1, DeploymentGroupName);
  }
});

test('a repair is not blocked by the alarm that it ends', () => {
  template({ trafficShift: 'all-at-once' }).allResourcesProperties(
    'AWS::CodeDeploy::DeploymentGroup',
    {
      AlarmConfiguration: { Enabled: false },
      AutoRollbackConfiguration: { Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST'] },
    },
  );
});

/** Returns the alarms of the deployment groups. */
function rollbackAlarms(): Alarm[] {
  return groups()
    .flatMap(({ AlarmConfiguration }) => AlarmConfiguration.Alarms)
    .flatMap(({ Name }) => alarms()[Name.Ref] ?? []);
}

/** Returns the delay until an alarm fires, in seconds. */
function secondsToFire({ Period, Metrics = [], EvaluationPeriods }: Alarm): number {
  const periods = [Period, ...Metrics.map(({ MetricStat }) => MetricStat?.Period)];
  return Math.max(...periods.filter((period) => period !== undefined)) * EvaluationPeriods;
}

test('every alarm that rolls a release back fires well before the canary ends', () => {
  const names = rollbackAlarms().map(({ AlarmName }) => AlarmName.replace('daymark-dev-', ''));
  assert.deepEqual(
    names.sort(),
    RELEASED.flatMap((name) => [`${name}-release-errors`, `${name}-release-slow`])
      .concat('ingest-release-5xx', 'stock-processor-release-segments')
      .sort(),
  );
  for (const alarm of rollbackAlarms()) {
    const seconds = alarm.AlarmName.endsWith('-release-slow') ? 180 : 60;
    assert.equal(secondsToFire(alarm), seconds, alarm.AlarmName);
  }
});

test('an error or a slow call of the previous version does not roll back the new one', () => {
  const versions = Object.keys(template().findResources('AWS::Lambda::Version'));
  const errors = rollbackAlarms().filter(({ AlarmName }) => /-(errors|slow)$/.test(AlarmName));
  assert.equal(errors.length, 2 * RELEASED.length);
  for (const { AlarmName, Dimensions } of errors) {
    const of = Object.fromEntries((Dimensions ?? []).map(({ Name, Value }) => [Name, Value]));
    assert.deepEqual(Object.keys(of).sort(), ['ExecutedVersion', 'FunctionName', 'Resource']);
    const [, [id, attribute]] = Object.entries(of.ExecutedVersion as object).flat() as [
      string,
      [string, string],
    ];
    assert.ok(versions.includes(id), AlarmName);
    assert.equal(attribute, 'Version');
  }
});

test('a single failed request rolls no release back, however few requests there are', () => {
  const [alarm] = rollbackAlarms().filter(({ AlarmName }) => AlarmName.endsWith('-release-5xx'));
  const [share] = (alarm?.Metrics ?? []).flatMap(({ Expression }) => Expression ?? []);
  assert.equal(share, 'IF(failed > 1, 100 * failed / all, 0)');
});

test('an event in quarantine rolls no release back', () => {
  assert.ok(rollbackAlarms().length > 0);
  assert.ok(!JSON.stringify(rollbackAlarms()).includes('daymark_processor_quarantined_total'));
});

test('no version gets traffic before the release check', () => {
  const aliases = template().findResources('AWS::Lambda::Alias', {
    UpdatePolicy: {
      CodeDeployLambdaAliasUpdate: {
        BeforeAllowTrafficHook: { Ref: Match.stringLikeRegexp('^DeliveryReleaseCheckFunction') },
      },
    },
  });
  assert.equal(Object.keys(aliases).length, RELEASED.length);
});

test('a repair of what the release check would fail at can be released without the check', () => {
  const repair = template({ trafficShift: 'all-at-once', releaseCheck: false });
  const hooks = repair.findResources('AWS::Lambda::Alias', {
    UpdatePolicy: { CodeDeployLambdaAliasUpdate: { BeforeAllowTrafficHook: Match.anyValue() } },
  });
  assert.deepEqual(hooks, {});
  // The function stays for the next deployment.
  repair.hasResourceProperties('AWS::Lambda::Function', {
    FunctionName: 'daymark-dev-release-check',
  });
});

test('permissions do not change if the release check is switched off', () => {
  const types = ['AWS::IAM::Role', 'AWS::IAM::Policy', 'AWS::Lambda::Permission'];
  const permitted = (settings = {}) => types.map((type) => template(settings).findResources(type));
  assert.deepEqual(permitted({ releaseCheck: false }), permitted());
});

test('CodeDeploy may call the release check as soon as the deployment group exists', () => {
  const roles = template().findResources('AWS::IAM::Role', {
    Properties: {
      AssumeRolePolicyDocument: {
        Statement: [Match.objectLike({ Principal: { Service: 'codedeploy.amazonaws.com' } })],
      },
    },
  });
  assert.equal(Object.keys(roles).length, RELEASED.length);
  for (const { Properties } of Object.values(roles)) {
    const policies = JSON.stringify((Properties as { Policies: unknown }).Policies);
    assert.match(policies, /"Action":"lambda:InvokeFunction"/);
    // By name, so that the role does not depend on the function, which every release changes.
    assert.match(policies, /:function:daymark-dev-release-check"/);
  }
});

test('the release check calls the new version and not the previous one', () => {
  const [check] = Object.values(
    template().findResources('AWS::Lambda::Function', {
      Properties: { FunctionName: 'daymark-dev-release-check' },
    }),
  );
  const { Environment } = check?.Properties as {
    Environment: { Variables: Record<string, unknown> };
  };
  const variable = JSON.stringify(Environment.Variables.DAYMARK_VERSIONS);
  const versions = Object.keys(template().findResources('AWS::Lambda::Version'));
  const listed = versions.filter((id) => variable.includes(`"${id}"`));
  assert.equal(listed.length, RELEASED.length);
  for (const name of RELEASED) assert.ok(variable.includes(`daymark-dev-${name}`), name);
});

test('the release check waits for an event longer than the processor waits for a batch', () => {
  for (const batchWindowSeconds of [0, 70]) {
    template({ batchWindowSeconds, pricingDelaySeconds: 80 }).hasResourceProperties(
      'AWS::Lambda::Function',
      {
        FunctionName: 'daymark-dev-release-check',
        Timeout: batchWindowSeconds + 180,
        Environment: {
          Variables: Match.objectLike({ DAYMARK_WAIT_SECONDS: String(batchWindowSeconds + 60) }),
        },
      },
    );
  }
});

test('the release check may only call the new versions, read the stock and report', () => {
  const actions = permissions().flatMap(({ Action }) => Action);
  assert.deepEqual([...new Set(actions)].sort(), [
    'codedeploy:GetDeployment',
    'codedeploy:PutLifecycleEventHookExecutionStatus',
    'dynamodb:Query',
    'kms:Decrypt',
    'kms:DescribeKey',
    'lambda:InvokeFunction',
    'logs:CreateLogStream',
    'logs:PutLogEvents',
    'xray:PutTelemetryRecords',
    'xray:PutTraceSegments',
  ]);
  const invoke = permissions().find(({ Action }) => Action === 'lambda:InvokeFunction');
  assert.equal((invoke?.Resource as unknown[]).length, RELEASED.length);
  // IAM is eventually consistent: a policy with the new versions might not be effective yet.
  assert.doesNotMatch(JSON.stringify(invoke?.Resource), /CurrentVersion/);
});

test('a version that was live is retained, and one whose release is rolled back is deleted', () => {
  for (const version of Object.values(template().findResources('AWS::Lambda::Version'))) {
    assert.equal(version.DeletionPolicy, 'RetainExceptOnCreate');
  }
});

test('an emulated deployment shifts all traffic at once and checks nothing', () => {
  const emulated = template({ emulated: true });
  emulated.resourceCountIs('AWS::CodeDeploy::DeploymentGroup', 0);
  const aliases = emulated.findResources('AWS::Lambda::Alias', {
    UpdatePolicy: Match.anyValue(),
  });
  assert.deepEqual(aliases, {});
});
