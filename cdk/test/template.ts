/** The synthesized template of a common, with the settings that a test is about. */

import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import flags from 'aws-cdk-lib/recommended-feature-flags.json';
import { Binaries } from '../lib/binaries';
import { DaymarkStack } from '../lib/daymark-stack';
import { PipelineStack } from '../lib/pipeline-stack';
import { parseSettings } from '../lib/settings/parser';
import { SETTINGS } from '../lib/settings/definitions';

const made = new Map<string, Template>();

/** The stack of a common, in an app of its own, without binaries. */
export function stack(values: Record<string, unknown> = {}): DaymarkStack {
  const settings = parseSettings([{ where: 'test', values }]);
  const binaries = new Binaries('/nonexistent', settings.architecture);
  return new DaymarkStack(new App({ context: flags }), { settings, binaries });
}

/** Its template; each is made once, because synthesis takes a second. */
export function template(values: Record<string, unknown> = {}): Template {
  const name = JSON.stringify(values);
  const known = made.get(name) ?? Template.fromStack(stack(values));
  made.set(name, known);
  return known;
}

/** The pipeline of a common, with the examples that its settings give. */
export function pipelineStack(values: Record<string, unknown> = {}): PipelineStack {
  const repository = SETTINGS.pipelineRepository.example;
  const connectionArn = SETTINGS.pipelineConnection.example;
  const asked = { pipelineRepository: repository, pipelineConnection: connectionArn };
  const settings = parseSettings([{ where: 'test', values: { ...asked, ...values } }]);
  return new PipelineStack(new App({ context: flags }), { settings, repository, connectionArn });
}

/** A resource of the template. */
export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
}

/** The resources of one type, by their logical ids. */
export function resources(of: Template, type: string): Record<string, Resource> {
  return of.findResources(type) as Record<string, Resource>;
}
