/** Synthesized stacks and templates for tests. */

import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import flags from 'aws-cdk-lib/recommended-feature-flags.json';
import { resolve } from 'node:path';
import { Binaries } from '../lib/binaries';
import { DaymarkStack } from '../lib/daymark-stack';
import { PipelineStack } from '../lib/pipeline-stack';
import { SETTINGS } from '../lib/settings/definitions';
import { parseSettings } from '../lib/settings/parser';

/** Root of the repository. */
export const ROOT = resolve(__dirname, '../../..');

const templates = new Map<string, Template>();

/** Returns the stack of a stage without binaries, in its own app. */
export function stack(values: Record<string, unknown> = {}): DaymarkStack {
  const settings = parseSettings([{ where: 'test', values }]);
  const binaries = new Binaries('/nonexistent', settings.architecture);
  return new DaymarkStack(new App({ context: flags }), { settings, binaries });
}

/** Returns the template of a stage. A template is cached, because its synthesis takes a second. */
export function template(values: Record<string, unknown> = {}): Template {
  const name = JSON.stringify(values);
  const known = templates.get(name) ?? Template.fromStack(stack(values));
  templates.set(name, known);
  return known;
}

/** Returns the stack of a pipeline, with the examples of its settings. */
export function pipelineStack(values: Record<string, unknown> = {}): PipelineStack {
  const repository = SETTINGS.pipelineRepository.example;
  const connectionArn = SETTINGS.pipelineConnection.example;
  const pipeline = { pipelineRepository: repository, pipelineConnection: connectionArn };
  const settings = parseSettings([{ where: 'test', values: { ...pipeline, ...values } }]);
  return new PipelineStack(new App({ context: flags }), { settings, repository, connectionArn });
}

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** Returns the resources of one type, by their logical ids. */
export function resources(of: Template, type: string): Record<string, Resource> {
  return of.findResources(type) as Record<string, Resource>;
}

export interface Alarm {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly AlarmActions?: unknown[];
  readonly OKActions?: unknown[];
  readonly EvaluationPeriods: number;
  readonly Period?: number;
  readonly Dimensions?: { Name: string; Value: unknown }[];
  readonly Metrics?: { Expression?: string; MetricStat?: { Period: number } }[];
}

/** Returns the alarms of a stage, by their logical ids. */
export function alarms(values: Record<string, unknown> = {}): Record<string, Alarm> {
  const found = resources(template(values), 'AWS::CloudWatch::Alarm');
  return Object.fromEntries(
    Object.entries(found).map(([id, { Properties }]) => [id, Properties as unknown as Alarm]),
  );
}
