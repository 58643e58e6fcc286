import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import jsonata from 'jsonata';
import { SETTINGS } from '../lib/settings/definitions';
import { parseSettings } from '../lib/settings/parser';
import { scratchFolder } from './scratch';
import { resources, ROOT, template } from './template';

const loaded = template({ stage: 'loadtest', loadImage: SETTINGS.loadImage.example });

interface State {
  readonly Type: string;
  readonly Choices: [{ Condition: string; Assign: Record<string, string> }];
  readonly Arguments: { Overrides: { ContainerOverrides: [{ Name: string; Command: string }] } };
  readonly Catch: [{ ErrorEquals: string[]; Output: { exit_code: string }; Next: string }];
  readonly ItemProcessor: { States: Record<string, State> };
  readonly [field: string]: unknown;
}

/** Returns a state of the machine, or of its map. */
function state(name: string): State {
  const [machine] = Object.values(resources(loaded, 'AWS::StepFunctions::StateMachine'));
  const { States } = JSON.parse(String(machine?.Properties.DefinitionString)) as {
    States: Record<string, State>;
  };
  const found = States[name] ?? States.Parts?.ItemProcessor.States[name];
  assert.ok(found, name);
  return found;
}

/** Evaluates an expression as Step Functions does, with the variables of the execution. */
async function evaluated(expression: string, variables: Record<string, unknown>): Promise<unknown> {
  const [, inner = ''] = /^\{%(.*)%\}$/s.exec(expression) ?? [];
  assert.notEqual(inner, '', expression);
  // A sequence of jsonata has fields of its own.
  return JSON.parse(
    JSON.stringify((await jsonata(inner).evaluate({}, variables)) ?? null),
  ) as unknown;
}

const INPUT = { parts: 4, minutes: 30, budget: 5, scenario: 'peak.toml' };
const CONTEXT = { Execution: { Name: 'friday', StartTime: '2026-03-12T12:00:00.123Z' } };

async function assigned(input: unknown): Promise<Record<string, unknown>> {
  const assign = state('CheckInput').Choices[0].Assign;
  const values = Object.entries(assign).map(async ([name, expression]) => [
    name,
    await evaluated(expression, { states: { input, context: CONTEXT } }),
  ]);
  return Object.fromEntries(await Promise.all(values)) as Record<string, unknown>;
}

test('nothing of load runs is in a stage without the setting', () => {
  for (const type of ['ECS::Cluster', 'EC2::VPC', 'StepFunctions::StateMachine']) {
    template().resourceCountIs(`AWS::${type}`, 0);
    loaded.resourceCountIs(`AWS::${type}`, 1);
  }
});

test('an execution whose input is no run is refused before a task starts', async () => {
  const condition = state('CheckInput').Choices[0].Condition;
  const isRun = (input: unknown) => evaluated(condition, { states: { input } });
  assert.equal(await isRun(INPUT), true);
  for (const wrong of [
    { parts: 0 },
    { parts: 41 },
    { parts: 1.5 },
    { parts: '4' },
    { minutes: 0 },
    { budget: '5' },
    { budget: undefined },
    { scenario: '../other/x' },
    { scenario: undefined },
  ]) {
    assert.equal(await isRun({ ...INPUT, ...wrong }), false, JSON.stringify(wrong));
  }
});

test('each part gets its number, the common start and the time limit', async () => {
  for (const [parts, expected] of [
    [1, [1]],
    [3, [1, 2, 3]],
  ]) {
    assert.deepEqual(await evaluated(String(state('Parts').Items), { parts }), expected);
  }
  const variables = await assigned(INPUT);
  const part = state('Part');
  const [override] = part.Arguments.Overrides.ContainerOverrides;
  assert.deepEqual(await evaluated(override.Command, { ...variables, states: { input: 2 } }), [
    'friday',
    '2/4',
    '2026-03-12T12:03:00.123Z',
    '1800',
    'peak.toml',
    '5',
  ]);
  assert.equal(await evaluated(String(part.TimeoutSeconds), variables), 2_700);
  loaded.hasResourceProperties('AWS::ECS::TaskDefinition', {
    ContainerDefinitions: [Match.objectLike({ Name: override.Name, StopTimeout: 120 })],
    RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
  });
});

test('a part is tried once, and its failure stops no other', () => {
  const [Part, PartFailed] = [state('Part'), state('PartFailed')];
  assert.deepEqual([Part.Retry, Part.Catch[0].ErrorEquals], [undefined, ['States.ALL']]);
  assert.deepEqual([Part.Catch[0].Next, PartFailed.Type], ['PartFailed', 'Pass']);
  assert.equal(Part.Resource, 'arn:${Partition}:states:::ecs:runTask.sync');
});

test('the result has the exit code of each part, and fails if a record is missing', async () => {
  const { Output } = state('Part').Catch[0];
  const codeOf = (Cause: string) =>
    evaluated(Output.exit_code, { states: { input: 1, errorOutput: { Cause } } });
  const stopped = { Containers: [{ Name: 'part', ExitCode: 3 }], StoppedReason: 'exited' };
  assert.equal(await codeOf(JSON.stringify(stopped)), 3);
  assert.equal(await codeOf('CannotPullContainerError'), null);

  const results = (codes: (number | null)[]) => ({
    parts: codes.length,
    states: { input: codes.map((exit_code, index) => ({ part: index + 1, exit_code })) },
  });
  const isWhole = (codes: (number | null)[]) =>
    evaluated(state('CheckRecords').Choices[0].Condition, results(codes));
  assert.equal(await isWhole([0, 3, 5, 0]), true);
  assert.equal(await isWhole([3]), true);
  assert.equal(await isWhole([0, 1]), false);
  assert.equal(await isWhole([0, null]), false);
  assert.equal(
    await evaluated(String(state('RecordMissing').Cause), results([0, 1, null])),
    'These parts left no whole record: 2, 3',
  );
});

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** Returns the actions of the policies whose name begins with a prefix, each with its resources. */
function allowed(prefix: string): Record<string, Statement> {
  const policies = Object.values(resources(loaded, 'AWS::IAM::Policy'));
  const statements = policies
    .filter(({ Properties }) => String(Properties.PolicyName).startsWith(prefix))
    .flatMap(
      ({ Properties }) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement,
    );
  return Object.fromEntries(
    statements.flatMap((statement) =>
      [statement.Action].flat().map((action) => [action, statement]),
    ),
  );
}

test('a part may read scenarios and the stock log, and write records, and nothing else', () => {
  const task = allowed('LoadRunsTaskTaskRole');
  assert.deepEqual(Object.keys(task).sort(), [
    'dynamodb:Query',
    'kms:Decrypt',
    'kms:DescribeKey',
    'kms:GenerateDataKey',
    's3:GetObject',
    's3:PutObject',
  ]);
  assert.match(JSON.stringify(task['s3:GetObject']?.Resource), /"\/scenarios\/\*"/);
  assert.match(JSON.stringify(task['s3:PutObject']?.Resource), /"\/runs\/\*"/);
  assert.match(JSON.stringify(task['dynamodb:Query']?.Resource), /stocklog/i);
});

test('the state machine may run the task of the parts in its cluster, and nothing else', () => {
  const role = allowed('LoadRunsRole');
  const ecs = ['ecs:DescribeTasks', 'ecs:RunTask', 'ecs:StopTask'];
  const events = ['events:DescribeRule', 'events:PutRule', 'events:PutTargets'];
  const others = Object.keys(role).filter((action) => !action.startsWith('logs:'));
  assert.deepEqual(others.sort(), [...ecs, ...events, 'iam:PassRole']);
  for (const action of ecs) {
    assert.ok(JSON.stringify(role[action]?.Condition).includes('ecs:cluster'), action);
  }
  assert.match(
    JSON.stringify(role['events:PutRule']?.Resource),
    /StepFunctionsGetEventsForECSTask/,
  );
  assert.match(JSON.stringify(role['iam:PassRole']?.Condition), /ecs-tasks\.amazonaws\.com/);
});

test('nothing connects to a part, and a part connects by HTTPS alone', () => {
  loaded.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
  loaded.allResourcesProperties('AWS::EC2::SecurityGroup', {
    SecurityGroupIngress: Match.absent(),
    SecurityGroupEgress: [Match.objectLike({ FromPort: 443, ToPort: 443, IpProtocol: 'tcp' })],
  });
});

test('the secret of the client is no variable, and logs are kept as long as the setting says', () => {
  loaded.hasResourceProperties('AWS::ECS::TaskDefinition', {
    ContainerDefinitions: [
      Match.objectLike({
        Secrets: [Match.objectLike({ Name: 'DAYMARK_CLIENT_SECRET' })],
        LogConfiguration: Match.objectLike({ LogDriver: 'awslogs' }),
      }),
    ],
  });
  for (const LogGroupName of ['/ecs/daymark-loadtest-load', '/aws/vendedlogs/states/']) {
    loaded.hasResourceProperties('AWS::Logs::LogGroup', {
      LogGroupName: Match.stringLikeRegexp(LogGroupName),
      RetentionInDays: 30,
    });
  }
});

test('a stage that a load run would refuse has none', () => {
  const { loadImage, truststore, domainName, certificateArn } = SETTINGS;
  const parsed = (values: object) => () =>
    parseSettings([{ where: 'test', values: { loadImage: loadImage.example, ...values } }]);
  assert.throws(parsed({ stage: 'prod' }), /does not begin with a word for tests/);
  const domain = { domainName: domainName.example, certificateArn: certificateArn.example };
  const mutual = { ...domain, truststore: truststore.example };
  assert.throws(parsed(mutual), /loadImage and truststore exclude one another/);
  const program = readFileSync(join(ROOT, 'src/load/connection.rs'), 'utf8');
  assert.match(program, /\["test", "load", "perf", "dev", "stag"\]/);
});

test('the image is built with the Rust of Cargo.toml and starts the entry point', () => {
  const [, rust = ''] =
    /^rust-version = "([\d.]+)"/m.exec(readFileSync(join(ROOT, 'Cargo.toml'), 'utf8')) ?? [];
  const image = readFileSync(join(ROOT, 'cdk/load-runs/Dockerfile'), 'utf8');
  const [, build, system] = /FROM rust:([\d.]+)-(\w+) /.exec(image) ?? [];
  assert.equal(build, rust);
  assert.ok(image.includes(`FROM debian:${system}-slim`), 'both have the same C library');
  assert.match(image, /cdk\/load-runs\/run-part[^]*ENTRYPOINT \["run-part"\]/);
});

/** Runs the entry point of the image with programs that stand for `aws` and `daymark`. */
async function runPart(daymark: string, isStopped = false) {
  const folder = scratchFolder();
  const bucket = join(folder, 'bucket');
  mkdirSync(join(bucket, 'scenarios'), { recursive: true });
  writeFileSync(join(bucket, 'scenarios/peak.toml'), 'seed = 7\n');
  const programs = {
    aws: [
      'args=() recursive=',
      'for arg in "${@:3}"; do case $arg in --recursive) recursive=1 ;; --*) ;;',
      `*) args+=("\${arg/#s3:\\/\\/records/${bucket}}") ;; esac; done`,
      'mkdir -p "$(dirname "${args[1]}")" && cp ${recursive:+-r} "${args[@]}"',
    ].join('\n'),
    daymark: `folder="\${@: -1}"\nmkdir -p "$folder"\n${daymark}`,
  };
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/bash\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const script = join(ROOT, 'cdk/load-runs/run-part');
  const words = ['friday', '2/4', '2026-03-12T12:03:00.123Z', '600', 'peak.toml', '5'];
  const child = spawn(script, words, {
    env: {
      PATH: `${folder}:${process.env.PATH}`,
      DAYMARK_LOAD_BUCKET: 'records',
      DAYMARK_LOAD_STAGE: 'loadtest',
      DAYMARK_LOAD_TARGET: 'https://api.example',
    },
  });
  let err = '';
  child.stderr.on('data', (data: Buffer) => {
    err += data.toString();
    if (isStopped) child.kill('SIGTERM');
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, err, record: join(bucket, 'runs/friday/part-2/run.json') };
}

test('a part copies its record to the bucket and keeps its exit code', async () => {
  for (const code of [0, 3, 5]) {
    const ran = await runPart(`echo '{}' > "$folder/run.json"; echo "$@" >&2; exit ${code}`);
    assert.equal(ran.code, code, ran.err);
    assert.ok(existsSync(ran.record), ran.err);
    assert.match(
      ran.err,
      /^load \S+\/peak\.toml --part 2\/4 --starts-at 2026-03-12T12:03:00.123Z --target https:\/\/api\.example --stage loadtest --budget 5 /,
    );
  }
});

test('a part that is stopped ends early and copies its partial record', async () => {
  const program =
    'trap \'echo partial > "$folder/run.json"; exit 1\' INT\necho >&2\nfor i in {1..200}; do sleep 0.05; done';
  const ran = await runPart(program, true);
  assert.equal(ran.code, 1, ran.err);
  assert.equal(readFileSync(ran.record, 'utf8'), 'partial\n');
});
