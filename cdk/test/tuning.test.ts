import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resources, template } from './template';

const tuned = template({ stage: 'dev', tuning: true });
const plain = template({ stage: 'dev' });

const COPIES = ['ingest', 'stock-processor', 'pricing', 'day-close'];
const copyOf = (name: string) => `daymark-dev-tuning-${name}`;

test('a stage without the setting has no copies', () => {
  const names = Object.values(resources(plain, 'AWS::Lambda::Function'));
  for (const { Properties } of names)
    assert.doesNotMatch(String(Properties.FunctionName), /tuning/);
});

test('each copy has the binary of its function, and tables and a stream of its own', () => {
  const functions = Object.values(resources(tuned, 'AWS::Lambda::Function'));
  const named = (name: string) => {
    const found = functions.find(({ Properties }) => Properties.FunctionName === name);
    assert.ok(found, name);
    return found.Properties;
  };
  for (const name of COPIES) {
    const [copy, live] = [named(copyOf(name)), named(`daymark-dev-${name}`)];
    assert.deepEqual(copy.Code, live.Code);
    assert.deepEqual(copy.Architectures, live.Architectures);
    const variables = JSON.stringify(copy.Environment);
    assert.match(variables, /daymark-dev-tuning-/);
    assert.doesNotMatch(variables, /daymark-dev-(?!tuning-)/);
    // The line REPORT exists in text only.
    assert.deepEqual((copy.LoggingConfig as { LogFormat: string }).LogFormat, 'Text');
  }
  const tables = (of: typeof tuned) =>
    Object.values(resources(of, 'AWS::DynamoDB::Table')).map(({ Properties }) =>
      String(Properties.TableName),
    );
  const live = tables(plain).sort();
  const copied = tables(tuned).filter((name) => name.startsWith('daymark-dev-tuning-'));
  assert.deepEqual(
    copied.sort(),
    live.map((name) => name.replace('daymark-dev-', 'daymark-dev-tuning-')),
  );
});

test('the copies may use nothing of the stage but its key', () => {
  const [[roleId]] = Object.entries(resources(tuned, 'AWS::IAM::Role')).filter(([id]) =>
    id.startsWith('TuningRole'),
  ) as [[string, unknown]];
  const policies = Object.values(resources(tuned, 'AWS::IAM::Policy')).filter(({ Properties }) =>
    JSON.stringify(Properties.Roles).includes(roleId),
  );
  const ids = new Set(
    [...JSON.stringify(policies).matchAll(/"(?:Fn::GetAtt":\["|Ref":")(\w+)/g)].map(([, id]) => id),
  );
  ids.delete(roleId);
  const others = [...ids].filter((id) => !id?.startsWith('Tuning') && !id?.startsWith('AWS'));
  assert.equal(others.length, 1, others.join());
  assert.match(others[0] ?? '', /^Key/);
});

test('nothing calls a copy', () => {
  const isCopy = (id: string) => /^Tuning.*Function/.test(id);
  const copies = Object.keys(resources(tuned, 'AWS::Lambda::Function')).filter(isCopy);
  assert.equal(copies.length, COPIES.length);
  const others = Object.entries(
    (tuned.toJSON() as { Resources: Record<string, unknown> }).Resources,
  ).filter(([id]) => !id.startsWith('Tuning'));
  const text = JSON.stringify(others);
  for (const copy of copies) assert.ok(!text.includes(copy), copy);
  for (const [id, { Properties }] of Object.entries(
    resources(tuned, 'AWS::Lambda::EventSourceMapping'),
  )) {
    assert.ok(!id.startsWith('Tuning'), JSON.stringify(Properties));
  }
});
