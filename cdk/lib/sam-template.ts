/** Conversion of the synthesized template into templates for AWS SAM. */

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

/** Parameter and rule that only CDK's own tools need. */
const OF_CDK = ['BootstrapVersion', 'CheckBootstrapVersion'];

/** Warnings of cfn-lint that `sam validate --lint` treats as errors, with their reasons. */
const NOT_LINTED = {
  W3005: 'CDK writes dependencies that a reference already implies.',
  W8003: 'A rule that is always false refuses the deployment of a template without binaries.',
};

/**
 * Converts each Lambda function into a function of SAM, and removes CDK's own metadata. All else,
 * logical ids included, stays the same.
 *
 * @param assembly Folder of the assembly, relative to the SAM template.
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

/** Replacements of each variable for `daymark up`, with its names and endpoints. */
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
 * Returns a template for `sam local` with the functions only, which call `daymark up`.
 *
 * `--env-vars` can only set variables that the template already names, so this template names the
 * endpoints. The template of `toSam` must not, because it is deployed.
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
  if (key === undefined) throw new Error(`${JSON.stringify(Code)} is not in the assembly`);
  return {
    ...resource,
    Type: 'AWS::Serverless::Function',
    // `sam local invoke` accepts this id.
    Metadata: { SamResourceId: same.FunctionName },
    Properties: {
      ...same,
      CodeUri: `${assembly}/asset.${key.replace('.zip', '')}`,
      Tracing: (TracingConfig as { Mode?: string } | undefined)?.Mode,
      Tags: tagsOf(Tags),
    },
  };
}

/** Converts CloudFormation's list of tags into SAM's map. */
function tagsOf(tags: unknown): Record<string, unknown> | undefined {
  const list = tags as { Key: string; Value: unknown }[] | undefined;
  return list && Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]));
}

function without(entries: Record<string, unknown> = {}, names: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entries).filter(([name]) => !names.includes(name)));
}
