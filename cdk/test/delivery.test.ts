import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import { TRAFFIC_SHIFTS } from '../lib/delivery/traffic-shift';
import { template } from './template';

/** The functions that take traffic, each with a check of its own. */
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

/** The statements of the release check's policy. */
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

test('every function that takes traffic gets it little by little', () => {
  const names = groups().map(({ DeploymentGroupName }) => DeploymentGroupName);
  assert.deepEqual(
    names.sort(),
    RELEASED.map((name) => `daymark-dev-${name}`),
  );
  for (const { DeploymentConfigName } of groups()) {
    assert.match(JSON.stringify(DeploymentConfigName), /LambdaCanary10Percent5Minutes/);
  }
});

test('how traffic moves is a setting', () => {
  for (const trafficShift of TRAFFIC_SHIFTS) {
    const [group] = groups({ trafficShift });
    const [, percent = ''] = /(\d+)-percent/.exec(trafficShift) ?? [];
    const name = JSON.stringify(group?.DeploymentConfigName);
    assert.match(name, new RegExp(percent === '' ? 'LambdaAllAtOnce' : `${percent}Percent`));
  }
});

test('an alarm takes the traffic back', () => {
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

test('a mend is not kept back by the alarm that it ends', () => {
  template({ trafficShift: 'all-at-once' }).allResourcesProperties(
    'AWS::CodeDeploy::DeploymentGroup',
    {
      AlarmConfiguration: { Enabled: false },
      AutoRollbackConfiguration: { Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST'] },
    },
  );
});

interface Alarm {
  readonly AlarmName: string;
  readonly EvaluationPeriods: number;
  readonly Period?: number;
  readonly Dimensions?: { Name: string; Value: unknown }[];
  readonly Metrics?: { Expression?: string; MetricStat?: { Period: number } }[];
}

/** The alarms that end releases: those that a group names, whatever they are called. */
function ending(): Alarm[] {
  const all = template().findResources('AWS::CloudWatch::Alarm');
  return groups()
    .flatMap(({ AlarmConfiguration }) => AlarmConfiguration.Alarms)
    .map(({ Name }) => all[Name.Ref]?.Properties as Alarm);
}

/** How long it takes an alarm to see what it rings for. */
function secondsToRing({ Period, Metrics = [], EvaluationPeriods }: Alarm): number {
  const periods = [Period, ...Metrics.map(({ MetricStat }) => MetricStat?.Period)];
  return Math.max(...periods.filter((period) => period !== undefined)) * EvaluationPeriods;
}

test('every alarm that ends a release rings well before its canary is over', () => {
  const names = ending().map(({ AlarmName }) => AlarmName.replace('daymark-dev-', ''));
  assert.deepEqual(
    names.sort(),
    RELEASED.map((name) => `${name}-release-errors`)
      .concat('ingest-release-5xx', 'stock-processor-release-rows')
      .sort(),
  );
  for (const alarm of ending()) assert.equal(secondsToRing(alarm), 60, alarm.AlarmName);
});

test('an error of the version that is live does not withdraw the new one', () => {
  const versions = Object.keys(template().findResources('AWS::Lambda::Version'));
  const errors = ending().filter(({ AlarmName }) => AlarmName.endsWith('-release-errors'));
  assert.equal(errors.length, RELEASED.length);
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

test('a single request that fails ends no release, however few there are', () => {
  const [alarm] = ending().filter(({ AlarmName }) => AlarmName.endsWith('-release-5xx'));
  const [share] = (alarm?.Metrics ?? []).flatMap(({ Expression }) => Expression ?? []);
  assert.equal(share, 'IF(failed > 1, 100 * failed / all, 0)');
});

test('one bad event in quarantine ends no release', () => {
  assert.ok(ending().length > 0);
  assert.ok(!JSON.stringify(ending()).includes('daymark_processor_quarantined_total'));
});

test('no version gets traffic before an event went through it', () => {
  const aliases = template().findResources('AWS::Lambda::Alias', {
    UpdatePolicy: {
      CodeDeployLambdaAliasUpdate: {
        BeforeAllowTrafficHook: { Ref: Match.stringLikeRegexp('^DeliveryReleaseCheckFunction') },
      },
    },
  });
  assert.equal(Object.keys(aliases).length, RELEASED.length);
});

test('a mend of what the release check would fail at can be released without it', () => {
  const mend = template({ trafficShift: 'all-at-once', releaseCheck: false });
  const hooks = mend.findResources('AWS::Lambda::Alias', {
    UpdatePolicy: { CodeDeployLambdaAliasUpdate: { BeforeAllowTrafficHook: Match.anyValue() } },
  });
  assert.deepEqual(hooks, {});
  // It stays, so that the next deployment finds it.
  mend.hasResourceProperties('AWS::Lambda::Function', {
    FunctionName: 'daymark-dev-release-check',
  });
});

test('what a mend leaves out needs no permission anew when it is on again', () => {
  const types = ['AWS::IAM::Role', 'AWS::IAM::Policy', 'AWS::Lambda::Permission'];
  const permitted = (settings = {}) => types.map((type) => template(settings).findResources(type));
  assert.deepEqual(permitted({ releaseCheck: false }), permitted());
});

test('codedeploy may call the release check from the moment its group is made', () => {
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
    // By its name, so that the role does not wait for the function, which every release changes.
    assert.match(policies, /:function:daymark-dev-release-check"/);
  }
});

test('the release check tries the new version and not what is live', () => {
  const [check] = Object.values(
    template().findResources('AWS::Lambda::Function', {
      Properties: { FunctionName: 'daymark-dev-release-check' },
    }),
  );
  const { Environment } = check?.Properties as {
    Environment: { Variables: Record<string, unknown> };
  };
  const given = JSON.stringify(Environment.Variables.DAYMARK_VERSIONS);
  const versions = Object.keys(template().findResources('AWS::Lambda::Version'));
  const named = versions.filter((id) => given.includes(`"${id}"`));
  assert.equal(named.length, RELEASED.length);
  for (const name of RELEASED) assert.ok(given.includes(`daymark-dev-${name}`), name);
});

test('the release check waits for a row as long as the processor may wait for a batch', () => {
  for (const batchWindowSeconds of [0, 300]) {
    template({ batchWindowSeconds }).hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'daymark-dev-release-check',
      Timeout: batchWindowSeconds + 180,
      Environment: {
        Variables: Match.objectLike({ DAYMARK_ROW_SECONDS: String(batchWindowSeconds + 60) }),
      },
    });
  }
});

test('the release check may call the new versions read the stock and report and no more', () => {
  const actions = permissions().flatMap(({ Action }) => Action);
  assert.deepEqual([...new Set(actions)].sort(), [
    'codedeploy:GetDeployment',
    'codedeploy:PutLifecycleEventHookExecutionStatus',
    'dynamodb:GetItem',
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
  // IAM takes its time: a policy that named each new version might not hold when it is tried.
  assert.doesNotMatch(JSON.stringify(invoke?.Resource), /CurrentVersion/);
});

test('a version that was live stays and one whose release is rolled back goes', () => {
  for (const version of Object.values(template().findResources('AWS::Lambda::Version'))) {
    assert.equal(version.DeletionPolicy, 'RetainExceptOnCreate');
  }
});

test('an emulator moves all traffic at once and checks nothing', () => {
  const emulated = template({ emulated: true });
  emulated.resourceCountIs('AWS::CodeDeploy::DeploymentGroup', 0);
  const aliases = emulated.findResources('AWS::Lambda::Alias', {
    UpdatePolicy: Match.anyValue(),
  });
  assert.deepEqual(aliases, {});
});
