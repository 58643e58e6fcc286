/** The synthesized template of a deployment, with the settings that a test is about. */

import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Binaries } from '../lib/binaries';
import { DaymarkStack } from '../lib/daymark-stack';
import { readSettings } from '../lib/read-settings';

const made = new Map<string, Template>();

/** Each is made once: synthesis takes a second. */
export function template(values: Record<string, unknown> = {}): Template {
  const name = JSON.stringify(values);
  const known = made.get(name);
  if (known) return known;
  const settings = readSettings([{ where: 'test', values }]);
  const binaries = new Binaries('/nonexistent', settings.architecture);
  const fresh = Template.fromStack(new DaymarkStack(new App(), { settings, binaries }));
  made.set(name, fresh);
  return fresh;
}
