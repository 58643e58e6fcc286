import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Template } from 'aws-cdk-lib/assertions';
import { COMBINATIONS } from './matrix/combinations';
import { pipelineStack, template } from './template';

interface Described {
  readonly Description?: unknown;
}

/** Yields the sections of a template that may have a description, by their paths. */
function* described(of: Template): Generator<[string, Described]> {
  const all = of.toJSON() as Described & Record<string, Record<string, Described> | undefined>;
  yield ['template', all];
  for (const section of ['Parameters', 'Outputs']) {
    for (const [name, one] of Object.entries(all[section] ?? {})) yield [`${section}.${name}`, one];
  }
}

// Source: CloudFormation, "Template reference": a description is a literal string.
test('descriptions hold no token, which CloudFormation would refuse', () => {
  const templates = Object.entries(COMBINATIONS).map(
    ([name, { settings }]) => [name, template(settings)] as const,
  );
  const pipeline = Template.fromStack(pipelineStack(COMBINATIONS.pipeline?.settings));
  for (const [name, one] of [...templates, ['stack of the pipeline', pipeline] as const]) {
    for (const [path, { Description }] of described(one)) {
      assert.ok(
        Description === undefined || typeof Description === 'string',
        `${name}: ${path} has the description ${JSON.stringify(Description)}; only literal text passes`,
      );
    }
  }
});

test('the output DomainTarget names the domain', () => {
  for (const name of ['domain', 'mutualtls']) {
    const { settings } = COMBINATIONS[name] ?? { settings: {} };
    const domain = String(settings.domainName);
    template(settings).hasOutput('DomainTarget', {
      Description: `Target of the CNAME or alias record for ${domain}`,
    });
  }
});
