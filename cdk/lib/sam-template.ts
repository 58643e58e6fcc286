/** The same deployment for those who live in AWS SAM: made of the synthesized template. */

interface Resource {
  readonly Type: string;
  readonly Properties?: Record<string, unknown>;
  readonly Metadata?: Record<string, unknown>;
}

export interface CloudFormationTemplate {
  readonly Parameters?: Record<string, unknown>;
  readonly Rules?: Record<string, unknown>;
  readonly Resources: Record<string, Resource>;
}

export interface SamTemplate extends CloudFormationTemplate {
  readonly Transform: string;
  readonly Metadata?: Record<string, unknown>;
}

/** What the CDK's own tools need of a template, and SAM's do not. */
const OF_CDK = ['BootstrapVersion', 'CheckBootstrapVersion'];

/** Warnings of cfn-lint, which `sam validate --lint` takes for errors. */
const NOT_LINTED = {
  W3005: 'CDK writes down dependencies that a reference already makes.',
  W8003: 'A template without binaries refuses to be deployed by a rule that is always false.',
};

/**
 * Every function becomes one of SAM's, with its code where the assembly has it. Logical ids stay,
 * and so does all else but the notes that CDK keeps for itself. `assembly` is the folder of the
 * assembly, seen from the template.
 */
export function toSam(template: CloudFormationTemplate, assembly: string): SamTemplate {
  const resources: Record<string, Resource> = {};
  for (const [id, resource] of Object.entries(template.Resources)) {
    const isFunction = resource.Type === 'AWS::Lambda::Function';
    const { Metadata, ...same } = isFunction ? functionOf(resource, assembly) : resource;
    resources[id] = isFunction ? { ...same, Metadata } : same;
  }
  return {
    Transform: 'AWS::Serverless-2016-10-31',
    ...template,
    Metadata: { 'cfn-lint': { config: { ignore_checks: Object.keys(NOT_LINTED) } } },
    Parameters: without(template.Parameters, OF_CDK),
    Rules: without(template.Rules, OF_CDK),
    Resources: resources,
  };
}

/** What functions are told on one machine: where `daymark up` listens, and what it calls things. */
const LOCAL: Readonly<Record<string, Record<string, string>>> = {
  DAYMARK_STREAM: {
    DAYMARK_STREAM: 'daymark-events',
    AWS_ENDPOINT_URL_KINESIS: 'http://127.0.0.1:7401',
  },
  DAYMARK_TABLE_PREFIX: {
    DAYMARK_TABLE_PREFIX: 'daymark-',
    AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:7402',
  },
};

/**
 * For `sam local`: the functions alone, pointed at `daymark up`. Of what `--env-vars` says, SAM
 * passes on only the variables that a template names, so they stand here and not in the other one.
 */
export function toLocalSam({ Transform, Resources }: SamTemplate): SamTemplate {
  const functions = Object.entries(Resources).flatMap(([id, { Type, Metadata, Properties }]) => {
    if (Type !== 'AWS::Serverless::Function') return [];
    const { Environment, ...more } = Properties ?? {};
    const same = without(more, ['Role', 'LoggingConfig']);
    const { Variables = {} } = (Environment ?? {}) as { Variables?: Record<string, unknown> };
    const local = Object.keys(LOCAL).map((name) => (name in Variables ? LOCAL[name] : {}));
    const variables = Object.assign({}, Variables, ...local) as Record<string, unknown>;
    return [
      [id, { Type, Metadata, Properties: { ...same, Environment: { Variables: variables } } }],
    ];
  });
  return { Transform, Resources: Object.fromEntries(functions) as Record<string, Resource> };
}

function functionOf({ Properties = {}, ...resource }: Resource, assembly: string): Resource {
  const { Code, TracingConfig, Tags, ...same } = Properties;
  const { S3Key: key } = Code as { S3Key?: string };
  if (key === undefined) throw new Error(`${JSON.stringify(Code)} is no file of the assembly`);
  return {
    ...resource,
    Type: 'AWS::Serverless::Function',
    // `sam local invoke` takes the function's own name.
    Metadata: { SamResourceId: same.FunctionName },
    Properties: {
      ...same,
      CodeUri: `${assembly}/asset.${key.replace('.zip', '')}`,
      Tracing: (TracingConfig as { Mode?: string } | undefined)?.Mode,
      Tags: tagsOf(Tags),
    },
  };
}

/** A list for CloudFormation, a map for SAM. */
function tagsOf(tags: unknown): Record<string, unknown> | undefined {
  const list = tags as { Key: string; Value: unknown }[] | undefined;
  return list && Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]));
}

function without(entries: Record<string, unknown> = {}, names: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entries).filter(([name]) => !names.includes(name)));
}
